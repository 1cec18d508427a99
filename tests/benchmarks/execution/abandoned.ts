/** A program that nobody waits for any more. */
import type { TestedProgram } from "@/lib/benchmarks/execution/mod.ts";

/** It and a process that it starts sleep under that name. */
export function sleepingProgram(name: string): TestedProgram {
  const solution = `
import os, time
if os.fork() == 0:
    os.setsid()
with open("/proc/self/comm", "w") as file:
    file.write("${name}")
time.sleep(1000)
`;
  return { mode: "official", solution, test: "" };
}
