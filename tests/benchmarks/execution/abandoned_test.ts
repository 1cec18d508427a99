import { assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runTests } from "@/lib/benchmarks/execution/mod.ts";
import { sleepingProgram } from "@/tests/benchmarks/execution/abandoned.ts";
import {
  processesNamed,
  waitForProcesses,
} from "@/tests/benchmarks/execution/processes.ts";

const { isolation } = await runTests({
  mode: "official",
  solution: "",
  test: "",
});
/** Elsewhere a program cannot name itself. */
const ignore = isolation !== "namespaces";

Deno.test({
  name: "runTests() leaves no process when its signal is aborted",
  ignore,
  fn: async () => {
    const name = `abort${Deno.pid}`;
    const controller = new AbortController();
    const run = runTests(sleepingProgram(name), { signal: controller.signal });
    await waitForProcesses(name, 2);
    controller.abort(new Error("enough"));
    await assertRejects(() => run, Error, "enough");
    assertEquals(await processesNamed(name), []);
  },
});

Deno.test({
  name: "runTests() leaves no process when its own process is killed",
  ignore,
  fn: async () => {
    const name = `dead${Deno.pid}`;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        fileURLToPath(new URL("abandoned_child.ts", import.meta.url)),
        name,
      ],
    }).spawn();
    await waitForProcesses(name, 2);
    child.kill("SIGKILL");
    await child.status;
    await waitForProcesses(name, 0);
  },
});
