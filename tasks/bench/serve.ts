/**
 * This project as a process of its own, which answers as the peers do (see
 * serve.py): generation with memory from a model's folder.
 *
 * Usage: serve.ts THREADS BACKEND
 */
// deno-lint-ignore-file no-console
import { Generator, loadModel } from "@/lib/models/mod.ts";
import { startBackend } from "@/tasks/backend.ts";
import { APPENDED, fixedMemory } from "./memgen_cases.ts";
import type { ProcessReport, Timing } from "./paired.ts";

/** What is asked for. */
interface Work {
  /** Folder of the model. */
  readonly model: string;
  /** Token ids of each prompt. */
  readonly prompts: readonly (readonly number[])[];
  /** Tokens to generate after each. */
  readonly length: number;
}

/** The most memory that this process has had at once; null off Linux. */
function peakBytes(): number | null {
  if (Deno.build.os !== "linux") return null;
  const status = Deno.readTextFileSync("/proc/self/status");
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)![1]);
}

function seconds(since: number): number {
  return (performance.now() - since) / 1000;
}

/** Loads the model and generates: what one request asks for. */
async function answer(
  { model: folder, prompts, length }: Work,
  runs: number,
): Promise<Timing & Pick<ProcessReport, "prepared">> {
  const start = performance.now();
  const model = await loadModel(folder);
  const generator = new Generator(model);
  const memory = fixedMemory(model, APPENDED, "auto");
  const prepared = seconds(start);
  let tokens: number[][] = [];
  const times = Array.from({ length: runs }, () => {
    const start = performance.now();
    tokens = generator.generate(prompts, {
      maxNewTokens: length,
      batchSize: prompts.length,
      memory,
    }).map(({ ids }) => ids);
    return seconds(start);
  });
  return { seconds: times, tokens, prepared };
}

const [threads, backend] = Deno.args;
await startBackend({
  threads: Number(threads),
  backend: backend as "tensorflow",
  cuda: false,
});
const empty = peakBytes();
console.log(JSON.stringify({ deno: Deno.version.deno }));
let pending = "";
const decoder = new TextDecoderStream();
for await (const text of Deno.stdin.readable.pipeThrough(decoder)) {
  const lines = (pending + text).split("\n");
  pending = lines.pop()!;
  for (const line of lines) {
    const { work, runs } = JSON.parse(line);
    const { prepared, ...timing } = await answer(work, runs);
    const process: ProcessReport = { empty, prepared, peak: peakBytes() };
    console.log(JSON.stringify({ ...timing, process }));
  }
}
