/**
 * What a fresh process takes: memory, the time to load, the time to the first
 * token. Everything is measured in processes of its own, ours and the peer's
 * in turn.
 */
import { join } from "node:path";
import { formatMemgenConfig } from "@/lib/memgen/mod.ts";
import type { DecoderConfig } from "@/lib/models/mod.ts";
import type { BackendInfo } from "@/lib/tensorflow/mod.ts";
import { Progress } from "@/tasks/progress.ts";
import { randomRows } from "./cases.ts";
import { QWEN_0_5B, writeLargeModel } from "./large_model.ts";
import { APPENDED, memgenConfig } from "./memgen_cases.ts";
import { PeerProcess, type PeerWork } from "./peer.ts";
import type { MeasuredCase } from "./report.ts";

/** Starts a process; the caller closes it. */
export type StartProcess = () => Promise<
  Pick<PeerProcess, "measure" | "close">
>;

/** A model of Qwen2.5-0.5B's shape in fresh processes, and in how many. */
export const PROCESS_CASE = { name: "memory_0.5B", size: "0.5B", rounds: 2 };

/** Two insertions: at the prompt's end and after 12 tokens. */
const PROMPT_LENGTH = 64;
const NEW_TOKENS = 16;

/** What one contender took, once. */
interface Taken {
  readonly megabytes: number;
  readonly loadSeconds: number;
  readonly firstTokenSeconds: number;
}

/** Measures what fresh processes take, ours and the released code's. */
export async function measureProcesses(
  { python, official, backend, rounds }: {
    readonly python?: string;
    readonly official?: string;
    readonly backend: BackendInfo;
    readonly rounds: number;
  },
): Promise<Map<string, MeasuredCase>> {
  const { threads } = backend;
  const count = Math.min(rounds, PROCESS_CASE.rounds);
  const progress = new Progress("Processes", count);
  let done = 0;
  progress.update(done, PROCESS_CASE.name);
  const results = await measureProcess(PROCESS_CASE.size, QWEN_0_5B, {
    ours: () =>
      PeerProcess.start(
        Deno.execPath(),
        new URL("serve.ts", import.meta.url),
        { threads, args: [backend.name], flags: ["run", "-A"] },
      ),
    ...python !== undefined && official !== undefined && {
      peer: () => {
        const options = { threads, args: [official] };
        return PeerProcess.start(python, "official_memgen.py", options);
      },
    },
    rounds: count,
    onRound: () => progress.update(++done, PROCESS_CASE.name),
  });
  progress.end();
  return results;
}

/**
 * Measures loading a model of bfloat16 weights and generating 16 tokens with
 * memory.
 *
 * @param config The model's shape; it is written to a temporary folder.
 * @param peer None: only ours is measured.
 * @returns By name: `memory_SIZE` in megabytes above the process that has only
 * started what computes, `load_SIZE` and `first_token_SIZE`, from the
 * process' start, in seconds.
 * @throws {Error} If a process fails, or this is not Linux, which alone says
 * how much memory a process took.
 */
export async function measureProcess(
  size: string,
  config: DecoderConfig,
  { ours, peer, rounds, onRound }: {
    readonly ours: StartProcess;
    readonly peer?: StartProcess;
    readonly rounds: number;
    readonly onRound?: () => void;
  },
): Promise<Map<string, MeasuredCase>> {
  const folder = await Deno.makeTempDir();
  try {
    const model = join(folder, "model");
    writeLargeModel(model, config);
    const work: PeerWork = {
      task: "generate",
      model,
      memgen: formatMemgenConfig(memgenConfig(APPENDED)),
      prompts: randomRows(config, { rows: 1, length: PROMPT_LENGTH }),
      length: NEW_TOKENS,
      every: APPENDED.every,
    };
    const our: Taken[] = [];
    const other: Taken[] = [];
    for (let round = 0; round < rounds; round++) {
      our.push(await take(ours, work));
      if (peer !== undefined) other.push(await take(peer, work));
      onRound?.();
    }
    const measured = (
      unit: MeasuredCase["unit"],
      value: (taken: Taken) => number,
    ): MeasuredCase => ({
      unit,
      ours: our.map(value),
      ...peer && { peer: other.map(value) },
    });
    return new Map([
      [`memory_${size}`, measured("MB", ({ megabytes }) => megabytes)],
      [`load_${size}`, measured("s", ({ loadSeconds }) => loadSeconds)],
      [
        `first_token_${size}`,
        measured("s", ({ firstTokenSeconds }) => firstTokenSeconds),
      ],
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function take(start: StartProcess, work: PeerWork): Promise<Taken> {
  const begun = performance.now();
  await measureOnce(start, { ...work, length: 1 });
  const firstTokenSeconds = (performance.now() - begun) / 1000;
  const { empty, peak, prepared } = await measureOnce(start, work);
  if (empty === null || peak === null) {
    throw new Error(
      `Cannot measure memory as Linux alone says how much a process took: current value is ${Deno.build.os}`,
    );
  }
  const megabytes = (peak - empty) / 1e6;
  return { megabytes, loadSeconds: prepared, firstTokenSeconds };
}

async function measureOnce(start: StartProcess, work: PeerWork) {
  const process = await start();
  try {
    return (await process.measure(work, 1)).process;
  } finally {
    await process.close();
  }
}
