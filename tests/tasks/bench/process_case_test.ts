import { backend } from "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { benchDecoder } from "@/tasks/bench/cases.ts";
import { PeerProcess } from "@/tasks/bench/peer.ts";
import {
  measureProcess,
  type StartProcess,
} from "@/tasks/bench/process_case.ts";

const CONFIG = benchDecoder("qwen2", {
  hiddenSize: 8,
  layers: 1,
  heads: 2,
  intermediateSize: 8,
});

/** A process that took what it is told, and notes what it was asked. */
function told(
  peak: number | null,
  asked: Record<string, unknown>[] = [],
): StartProcess {
  return () =>
    Promise.resolve({
      measure(work) {
        asked.push(work);
        const process = { empty: 1e6, peak, prepared: 3 };
        return Promise.resolve({ seconds: [1], tokens: null, process });
      },
      close() {
        asked.push({ closed: true });
        return Promise.resolve();
      },
    });
}

Deno.test("measureProcess() takes a fresh process for each figure", async () => {
  const asked: Record<string, unknown>[] = [];
  const results = await measureProcess("tiny", CONFIG, {
    ours: told(5e6, asked),
    peer: told(9e6),
    rounds: 2,
  });
  assertEquals([...results.keys()], [
    "memory_tiny",
    "load_tiny",
    "first_token_tiny",
  ]);
  assertEquals(results.get("memory_tiny"), {
    unit: "MB",
    ours: [4, 4],
    peer: [8, 8],
  });
  assertEquals(results.get("load_tiny"), {
    unit: "s",
    ours: [3, 3],
    peer: [3, 3],
  });
  assertEquals(results.get("first_token_tiny")!.unit, "s");
  assertEquals(
    asked.map(({ closed, length }) => closed ?? length),
    [1, true, 16, true, 1, true, 16, true],
  );
  // What was written for them is gone.
  assertEquals(existsSync(dirname(String(asked[0].model))), false);
});

Deno.test("measureProcess() refuses a system that does not say its memory", async () => {
  await assertRejects(
    () => measureProcess("tiny", CONFIG, { ours: told(null), rounds: 1 }),
    Error,
    "Cannot measure memory as Linux alone says how much a process took",
  );
});

Deno.test({
  name: "serve.ts loads a model of its own and generates with memory",
  ignore: backend.name !== "tensorflow" || Deno.build.os !== "linux",
  async fn() {
    const program = new URL("../../../tasks/bench/serve.ts", import.meta.url);
    const results = await measureProcess("tiny", CONFIG, {
      ours: () =>
        PeerProcess.start(Deno.execPath(), program, {
          threads: 2,
          args: [backend.name],
          flags: ["run", "-A", "--no-check"],
        }),
      rounds: 1,
    });
    for (const { ours, peer } of results.values()) {
      assertEquals([ours.length, peer], [1, undefined]);
      assert(ours[0] > 0);
    }
  },
});
