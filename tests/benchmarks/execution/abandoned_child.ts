/** Runs a program that sleeps under the name that is given; is to be killed. */
import { runTests } from "@/lib/benchmarks/execution/mod.ts";
import { sleepingProgram } from "@/tests/benchmarks/execution/abandoned.ts";

await runTests(sleepingProgram(Deno.args[0]));
