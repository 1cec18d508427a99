/** `deno task bench`: tokens per second, also beside what others would run. */
// deno-lint-ignore-file no-console
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  type BackendInfo,
  jitStatistics,
  type Precision,
  withPrecision,
} from "@/lib/tensorflow/mod.ts";
import { DEVICE_OPTIONS, startBackend } from "@/tasks/backend.ts";
import { CASES } from "@/tasks/bench/case_list.ts";
import type { BenchCase, Workload } from "@/tasks/bench/cases.ts";
import { type Measure, measurePaired } from "@/tasks/bench/paired.ts";
import {
  type Peer,
  PeerProcess,
  type PeerProgram,
} from "@/tasks/bench/peer.ts";
import { measureProcesses, PROCESS_CASE } from "@/tasks/bench/process_case.ts";
import {
  formatReport,
  formatVersions,
  type Machine,
  type MeasuredCase,
  summarize,
} from "@/tasks/bench/report.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import { warnOfLoad } from "@/tasks/machine_load.ts";
import { Progress } from "@/tasks/progress.ts";
import { processorModel } from "@/tasks/provenance.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

const CASE_NAMES = [...CASES.map(({ name }) => name), PROCESS_CASE.name];

/** What `deno task bench` takes. */
export const DEFINITION = {
  name: "bench",
  description:
    "Measures training, generation and MemGen in tokens per second, and what a fresh process takes, on random weights and tokens, and counts the functions that XLA compiled. With --peers it measures PyTorch's training step and Hugging Face's generate in turn with ours, with --official also the released MemGen code, each with the same work on as many threads. Matrix products are float32's but for the cases with bf16 in their names; their peers compute in float32, or, where the name says autocast, under PyTorch's bfloat16 autocast. A ratio is the median over the rounds of ours by the peer's in the same round: higher is better for tokens per second, lower for megabytes and seconds. memory_0.5B loads a random model of Qwen2.5-0.5B's shape (bfloat16 in its file, float32 in memory, ours and the peer's) and generates 16 tokens with memory, in fresh processes, two rounds at most: the most megabytes above the process that has only started TensorFlow or imported PyTorch, the seconds to load, and those from the start of the process to the first token. It needs Linux, 1 GB of disk and 3 GB of memory, with the peer 8 GB.",
  options: {
    peers: {
      type: "string",
      placeholder: "PYTHON",
      help: "Python with torch, transformers and peft, to run the peers",
    },
    official: {
      type: "string",
      placeholder: "DIR",
      help:
        "Checkout of the released MemGen code, to be a peer too; needs trl as well",
    },
    only: {
      type: "string",
      placeholder: "CASES",
      help: `Some of the cases, with commas between them: ${
        CASE_NAMES.join(", ")
      }`,
    },
    rounds: {
      type: "integer",
      placeholder: "N",
      minimum: 1,
      default: 5,
      help: "Rounds of each case",
    },
    json: {
      type: "flag",
      help: "End with the results as one line of JSON",
    },
    ...DEVICE_OPTIONS,
  },
  examples: [
    "--only train_0.92M,generate_1",
    "--peers venv/bin/python --json",
    "--peers venv/bin/python --official ../MemGen --only memgen_sft",
  ],
} as const satisfies TaskDefinition;

/** The cases that a backend has the precision for; says which are left out. */
export function runnableCases(
  cases: readonly BenchCase[],
  backend: Pick<BackendInfo, "name">,
): readonly BenchCase[] {
  const isRunnable = ({ precision = "fp32" }: BenchCase): boolean =>
    precision === "fp32" || backend.name === "tensorflow";
  const others = cases.filter((each) => !isRunnable(each));
  if (others.length > 0) {
    const names = others.map(({ name }) => name).join(", ");
    console.error(`Not measured, as bf16 needs tensorflow: ${names}`);
  }
  return cases.filter(isRunnable);
}

/** Peers that are running, by program. */
export type Peers = ReadonlyMap<PeerProgram, Peer>;

/**
 * The cases of a list of names, in their own order.
 *
 * @throws {UsageError} If a name is not that of a case.
 */
export function chooseCases(names: string | undefined): readonly BenchCase[] {
  if (names === undefined) return CASES;
  const chosen = names.split(",");
  const unknown = chosen.find((name) => !CASE_NAMES.includes(name));
  if (unknown !== undefined) {
    const rule = `--only must name some of ${CASE_NAMES.join(", ")}`;
    throw new UsageError(DEFINITION.name, rule, unknown || "an empty name");
  }
  return CASES.filter(({ name }) => chosen.includes(name));
}

/** Whether a list of names, or none, asks for what fresh processes take. */
export function choosesProcesses(names: string | undefined): boolean {
  return names === undefined || names.split(",").includes(PROCESS_CASE.name);
}

/**
 * Starts the peers of cases, one after another, before anything is measured.
 *
 * @param python None: no peers.
 * @throws {Error} If one does not start.
 */
export async function startPeers(
  cases: readonly BenchCase[],
  { python, official, threads }: {
    readonly python?: string;
    readonly official?: string;
    readonly threads: number;
  },
): Promise<Map<PeerProgram, PeerProcess>> {
  const peers = new Map<PeerProgram, PeerProcess>();
  if (python === undefined) return peers;
  try {
    for (const { program } of cases) {
      const isOfficial = program === "official_memgen.py";
      if (peers.has(program) || isOfficial && official === undefined) continue;
      const args = isOfficial ? [official!] : [];
      const options = { threads, args };
      const peer = await PeerProcess.start(python, program, options);
      peers.set(program, peer);
      console.error(`Peer ${program} on ${formatVersions(peer.versions)}`);
    }
  } catch (error) {
    await closePeers(peers);
    throw error;
  }
  return peers;
}

async function closePeers(
  peers: ReadonlyMap<PeerProgram, PeerProcess>,
): Promise<void> {
  for (const peer of peers.values()) await peer.close();
}

/**
 * Measures cases one after another, each in turn with its peer if that runs.
 *
 * @returns Tokens per second of every round and what was compiled, by case.
 */
export async function measureCases(
  cases: readonly BenchCase[],
  { peers, rounds }: { readonly peers: Peers; readonly rounds: number },
): Promise<Map<string, MeasuredCase>> {
  const results = new Map<string, MeasuredCase>();
  if (cases.length === 0) return results;
  const progress = new Progress("Bench", cases.length * (1 + rounds));
  const folder = await Deno.makeTempDir();
  let done = 0;
  try {
    for (const { name, tokens, runs, precision, program, prepare } of cases) {
      progress.update(done, name);
      const { xlaCompilations } = jitStatistics();
      const workload = await prepare();
      try {
        const peer = peers.get(program);
        const work = peer && workload.peerWork(join(folder, name));
        const measured = await measurePaired(
          measureOf(workload, precision),
          peer && ((runs) => peer.measure(work!, runs)),
          {
            tokens,
            runs,
            rounds,
            onRound: () => progress.update(++done, name),
          },
        );
        const compilations = jitStatistics().xlaCompilations - xlaCompilations;
        results.set(name, { ...measured, compilations });
      } finally {
        workload.dispose();
      }
    }
    progress.end();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return results;
}

function measureOf(
  { run }: Workload,
  precision: Precision = "fp32",
): Measure {
  return (runs) => {
    const seconds: number[] = [];
    let tokens: ReturnType<typeof run> = null;
    for (let i = 0; i < runs; i++) {
      const start = performance.now();
      tokens = withPrecision(precision, run);
      seconds.push((performance.now() - start) / 1000);
    }
    return { seconds, tokens };
  };
}

/** What computes here. */
function describeMachine(
  backend: BackendInfo,
  { peers, load }: {
    readonly peers: Iterable<PeerProcess>;
    readonly load: number;
  },
): Machine {
  return {
    processor: processorModel(),
    cores: navigator.hardwareConcurrency,
    threads: backend.threads,
    device: backend.device,
    load,
    versions: Object.assign(
      { deno: Deno.version.deno, [backend.name]: backend.version },
      ...Array.from(peers, (peer) => peer.versions),
    ),
  };
}

/**
 * Refuses a checkout without the released code, or without a Python to run it.
 *
 * @throws {UsageError} If so.
 */
export function requireOfficial(
  { official, peers }: { readonly official?: string; readonly peers?: string },
): void {
  if (official === undefined) return;
  if (peers === undefined) {
    const rule = "--official must come with --peers";
    throw new UsageError(DEFINITION.name, rule, `only ${official}`);
  }
  const file = "memgen/model/modeling_memgen.py";
  if (!existsSync(join(official, file))) {
    const rule = `--official must be a folder with ${file}`;
    throw new UsageError(DEFINITION.name, rule, official);
  }
}

if (import.meta.main) {
  await runTask(DEFINITION, async (args) => {
    const { peers: python, official, rounds } = args;
    const chosen = chooseCases(args.only);
    requireOfficial(args);
    // PyTorch's threads wait for each other, so that it loses more than we do
    // where others compute, and ratios come out too high.
    const load = warnOfLoad();
    const backend = await startBackend(args);
    const cases = runnableCases(chosen, backend);
    const { threads } = backend;
    const peers = await startPeers(cases, { python, official, threads });
    try {
      const results = await measureCases(cases, { peers, rounds });
      if (choosesProcesses(args.only)) {
        const options = { python, official, backend, rounds };
        for (const [name, measured] of await measureProcesses(options)) {
          results.set(name, measured);
        }
      }
      const machine = describeMachine(backend, {
        peers: peers.values(),
        load,
      });
      const report = { ...summarize(results), rounds, machine };
      console.log(formatReport(report));
      if (args.json) console.log(JSON.stringify(report));
    } finally {
      await closePeers(peers);
    }
  });
}
