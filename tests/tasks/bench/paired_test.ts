import { assertEquals, assertRejects } from "@std/assert";
import {
  type Measure,
  measurePaired,
  pairedRatios,
} from "@/tasks/bench/paired.ts";

/** Gives the next list of seconds at each call, and says who was called. */
function scripted(
  name: string,
  calls: string[],
  { script, tokens = null }: {
    readonly script: readonly (readonly number[])[];
    readonly tokens?: readonly (readonly number[])[] | null;
  },
): Measure {
  let call = 0;
  return (runs) => {
    calls.push(`${name} ${runs}`);
    return { seconds: script[call++], tokens };
  };
}

Deno.test("measurePaired() alternates, and takes each round's median run", async () => {
  const calls: string[] = [];
  const result = await measurePaired(
    // 120 tokens in 2 seconds, then in (3 + 5) / 2 seconds.
    scripted("ours", calls, { script: [[9, 9], [2, 1, 7, 2], [5, 8, 1, 3]] }),
    scripted("peer", calls, { script: [[9, 9], [4, 4, 4, 4], [6, 6, 6, 6]] }),
    {
      tokens: 120,
      runs: 4,
      rounds: 2,
      onRound: () => calls.push("round"),
    },
  );
  assertEquals(result, {
    ours: [60, 30],
    peer: [30, 20],
    sameTokens: undefined,
  });
  assertEquals(pairedRatios(result), [2, 1.5]);
  assertEquals(calls, [
    ...["ours 2", "peer 2", "round"],
    ...["ours 4", "peer 4", "round"],
    ...["ours 4", "peer 4", "round"],
  ]);
});

Deno.test("measurePaired() without a peer measures ours alone", async () => {
  const result = await measurePaired(
    scripted("ours", [], { script: [[9, 9], [2], [4]] }),
    undefined,
    { tokens: 8, runs: 1, rounds: 2 },
  );
  assertEquals(result, { ours: [4, 2] });
  assertEquals(pairedRatios(result), []);
});

Deno.test("measurePaired() counts the tokens that both generated", async () => {
  const script = [[1], [1]];
  const ours = [[1, 2, 3, 4], [5, 6, 7, 8]];
  const sameTokens = async (theirs: readonly (readonly number[])[]) =>
    (await measurePaired(
      scripted("ours", [], { script, tokens: ours }),
      scripted("peer", [], { script, tokens: theirs }),
      { tokens: 8, runs: 1, rounds: 1 },
    )).sameTokens;
  assertEquals(await sameTokens(ours), 1);
  assertEquals(await sameTokens([[1, 2, 3, 9], [5, 6]]), 5 / 8);
  assertEquals(await sameTokens([]), 0);
});

Deno.test("measurePaired() passes on that a contender fails", async () => {
  await assertRejects(
    () =>
      measurePaired(
        scripted("ours", [], { script: [[1]] }),
        () => Promise.reject(new Error("out of memory")),
        { tokens: 1, runs: 1, rounds: 1 },
      ),
    Error,
    "out of memory",
  );
});

Deno.test("pairedRatios() are by round", () => {
  // The medians of either side would give 100 / 50.
  const ours = [90, 100, 200];
  const peer = [60, 40, 50];
  assertEquals(pairedRatios({ ours, peer }), [1.5, 2.5, 4]);
});
