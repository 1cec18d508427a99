/**
 * Runs `runPip()` with the arguments of the command line, in a process of its
 * own, for the programs that it finds depend on the environment.
 */
// deno-lint-ignore-file no-console

import { runPip } from "@/lib/tensorflow/download.ts";

const [temporaryFolder, ...args] = Deno.args;
try {
  console.log(JSON.stringify(await runPip(args, temporaryFolder)));
} catch (error) {
  console.log((error as Error).message);
}
