import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import {
  chooseCases,
  choosesProcesses,
  DEFINITION,
  measureCases,
  requireOfficial,
  runnableCases,
  startPeers,
} from "@/tasks/bench.ts";
import { CASES } from "@/tasks/bench/case_list.ts";
import type { BenchCase } from "@/tasks/bench/cases.ts";
import type { Timing } from "@/tasks/bench/paired.ts";
import type { Peer } from "@/tasks/bench/peer.ts";
import type { BenchReport } from "@/tasks/bench/report.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { formatHelp } from "@/tasks/help_text.ts";
import { tensorflowTest } from "@/tests/backend.ts";
import { runChild } from "@/tests/run_child.ts";
import { withFolder } from "@/tests/folder.ts";

const TASK = new URL("../../tasks/bench.ts", import.meta.url);
const FAKE_PEER = fileURLToPath(new URL("bench/fake_peer.ts", import.meta.url));

/** A case that does nothing and counts what it was asked. */
function idleCase(log: string[]): BenchCase {
  return {
    name: "idle",
    tokens: 8,
    runs: 3,
    program: "generate_hf.py",
    prepare: () => ({
      run() {
        log.push("run");
        return [[1, 2]];
      },
      peerWork: (folder) => ({ folder }),
      dispose: () => log.push("dispose"),
    }),
  };
}

Deno.test("CASES are those that the project reports", () => {
  assertEquals(
    CASES.map(({ name, tokens }) => [name, tokens]),
    [
      ["train_0.92M", 2048],
      ["train_5.4M", 2048],
      ["train_5.4M_bf16", 2048],
      ["train_5.4M_bf16_autocast", 2048],
      ["generate_1", 128],
      ["generate_8", 1024],
      ["generate_32", 4096],
      ["memgen_generate_1", 128],
      ["memgen_generate_8", 1024],
      ["memgen_generate_32", 4096],
      ["memgen_sft", 896],
      ["memgen_sft_bf16", 896],
      ["memgen_sft_prepend", 896],
      ["memgen_grpo", 1792],
    ],
  );
});

Deno.test("CASES in bf16 are named so, and no others", () => {
  for (const { name, precision = "fp32" } of CASES) {
    assertEquals(precision === "bf16", /_bf16(_|$)/.test(name), name);
  }
});

Deno.test("runnableCases() leaves bf16 to TensorFlow", () => {
  assertEquals(runnableCases(CASES, { name: "tensorflow" }), CASES);
  const others = runnableCases(CASES, { name: "wasm" });
  assertEquals(CASES.length - others.length, 3);
  assertEquals(others.some(({ name }) => name.includes("bf16")), false);
});

Deno.test("chooseCases() keeps the order of the cases", () => {
  assertEquals(chooseCases(undefined), CASES);
  assertEquals(
    chooseCases("memgen_sft,train_5.4M").map(({ name }) => name),
    ["train_5.4M", "memgen_sft"],
  );
});

Deno.test("chooseCases() refuses what is no case", () => {
  for (const [names, current] of [["train_9M", "train_9M"], ["", "an empty"]]) {
    assertThrows(
      () => chooseCases(names),
      UsageError,
      `, memory_0.5B: current value is ${current}`,
    );
  }
});

Deno.test("choosesProcesses() if all cases are chosen, or that one", () => {
  assertEquals(chooseCases("memory_0.5B"), []);
  assertEquals(
    [undefined, "memory_0.5B,train_5.4M", "train_5.4M"].map(choosesProcesses),
    [true, true, false],
  );
});

Deno.test("requireOfficial() wants a Python and the released code", () =>
  withFolder(async (folder) => {
    requireOfficial({});
    assertThrows(
      () => requireOfficial({ official: folder }),
      UsageError,
      `Cannot run bench as --official must come with --peers: current value is only ${folder}`,
    );
    assertThrows(
      () => requireOfficial({ official: folder, peers: "python" }),
      UsageError,
      `--official must be a folder with memgen/model/modeling_memgen.py: current value is ${folder}`,
    );
    await Deno.mkdir(join(folder, "memgen/model"), { recursive: true });
    const file = join(folder, "memgen/model/modeling_memgen.py");
    await Deno.writeTextFile(file, "");
    requireOfficial({ official: folder, peers: "python" });
  }));

Deno.test("startPeers() starts what the cases need, and nothing without a Python", async () => {
  assertEquals(await startPeers(CASES, { threads: 1 }), new Map());
  const python = "/none/python";
  await assertRejects(
    () => startPeers(chooseCases("generate_8"), { python, threads: 1 }),
    Error,
    "Cannot start the peer generate_hf.py as /none/python must be",
  );
  // The released code is no peer unless it is given.
  const released = chooseCases("memgen_sft");
  assertEquals(await startPeers(released, { python, threads: 1 }), new Map());
});

Deno.test("measureCases() runs a case in turn with its peer", async () => {
  const log: string[] = [];
  const folders: unknown[] = [];
  const peer: Peer = {
    measure({ folder }, runs): Promise<Timing> {
      log.push(`peer ${runs}`);
      folders.push(folder);
      const seconds = Array(runs).fill(4);
      return Promise.resolve({ seconds, tokens: [[1, 3]] });
    },
  };
  const results = await measureCases([idleCase(log)], {
    peers: new Map([["generate_hf.py", peer]]),
    rounds: 2,
  });
  assertEquals(log, [
    ...["run", "run", "peer 2"],
    ...["run", "run", "run", "peer 3"],
    ...["run", "run", "run", "peer 3"],
    "dispose",
  ]);
  const { ours, ...others } = results.get("idle")!;
  assertEquals(others, {
    peer: [2, 2],
    sameTokens: 0.5,
    compilations: 0,
  });
  assertEquals(ours.length, 2);
  assert(ours.every((rate) => rate > 0));
  assertEquals(new Set(folders).size, 1);
  assertStringIncludes(String(folders[0]), "idle");
});

tensorflowTest("measureCases() runs a case in its precision", async () => {
  const x = tf.tensor2d([[257 / 256]]);
  const products: number[] = [];
  const cases = ([undefined, "bf16"] as const).map((precision): BenchCase => ({
    ...idleCase([]),
    name: `${precision}`,
    runs: 1,
    precision,
    prepare: () => ({
      run() {
        products.push(tf.matMul(x, x).dataSync()[0]);
        return null;
      },
      peerWork: () => ({}),
      dispose: () => {},
    }),
  }));
  await measureCases(cases, { peers: new Map(), rounds: 1 });
  assertEquals(products, [
    ...Array(3).fill((257 / 256) ** 2),
    ...Array(3).fill(1),
  ]);
});

Deno.test("measureCases() frees a case whose peer fails", async () => {
  const log: string[] = [];
  const peer: Peer = { measure: () => Promise.reject(new Error("broken")) };
  await assertRejects(
    () =>
      measureCases([idleCase(log)], {
        peers: new Map([["generate_hf.py", peer]]),
        rounds: 2,
      }),
    Error,
    "broken",
  );
  assertEquals(log, ["run", "run", "dispose"]);
});

Deno.test("deno task bench: its examples are right, and its help names the cases", () => {
  for (const example of DEFINITION.examples) {
    chooseCases(parseArguments(DEFINITION, example.split(" ")).only);
  }
  assertEquals(parseArguments(DEFINITION, []).rounds, 5);
  for (const name of [...CASES.map(({ name }) => name), "memory_0.5B"]) {
    assertStringIncludes(formatHelp(DEFINITION), name);
  }
});

Deno.test("deno task bench: ends with one line of JSON", () =>
  withFolder(async (folder) => {
    const python = join(folder, "python");
    await Deno.writeTextFile(
      python,
      `#!/bin/sh\nshift\nexec "${Deno.execPath()}" "${FAKE_PEER}" "$@"\n`,
      { mode: 0o755 },
    );
    const { code, stdout, stderr } = await runChild(TASK, [
      ...["--only", "train_0.92M", "--rounds", "1", "--threads", "2"],
      ...["--peers", python, "--json"],
    ]);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "Peer train_torch.py on fake 2\n");
    assertStringIncludes(stderr, "Bench 100 % 2/2");
    assertStringIncludes(stdout, "Median of 1 round (");
    const last = stdout.trimEnd().split("\n").at(-1)!;
    const { ratios, cases, rounds, machine }: BenchReport = JSON.parse(last);
    const { ours, peer, ratio } = cases["train_0.92M"];
    // 16 x 128 tokens in the half second that the fake peer says.
    assertEquals(peer!.median, 4096);
    assertEquals(ratio!.median, ours.median / 4096);
    assertEquals(ratios, { "train_0.92M": ratio!.median });
    assertEquals([rounds, machine.threads], [1, 2]);
    assertEquals(machine.versions.fake, "2");
    assertEquals(machine.versions.deno, Deno.version.deno);
  }));

Deno.test("deno task bench: a wrong Python ends it before anything is measured", async () => {
  const { code, stdout, stderr } = await runChild(TASK, [
    "--peers",
    "/none/python",
  ]);
  assertEquals([code, stdout], [1, ""]);
  assertStringIncludes(
    stderr,
    "error: Cannot start the peer train_torch.py as /none/python must be a Python",
  );
  assertEquals(stderr.includes("Bench"), false);
});
