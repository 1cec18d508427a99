import { assert, assertEquals } from "@std/assert";
import {
  heartTable,
  heartTasks,
  knownByHeart,
} from "@/experiments/by_heart.ts";
import {
  gpqaTwin,
  playProblems,
  popqaTwin,
  splitProblems,
} from "@/lib/benchmarks/twins/mod.ts";
import type { DecoderConfig } from "@/lib/models/mod.ts";
import { twinTokenizer } from "@/tests/benchmarks/twins/twin_tokenizer.ts";

const PROBLEMS = splitProblems(popqaTwin, "test");
/** Those about the ten most popular people, by their column `s_pop`. */
const FAMOUS = PROBLEMS.filter(({ task: { meta } }) =>
  Number(meta.popularity) >= 100_000
);

/** A model that goes on as `write` says after what it has begun. */
function writer(write: (begun: string) => string) {
  const tokenizer = twinTokenizer(popqaTwin);
  return {
    model: { config: {} as DecoderConfig, tokenizer },
    generator: {
      *generateInTurns(prompts: readonly (readonly number[])[]) {
        yield prompts.length;
        return prompts.map((ids) => ({
          ids: tokenizer.encode(write(tokenizer.decode(ids))),
          augmentation: [],
        }));
      },
      converse() {
        throw new Error("nothing is searched for");
      },
    },
  };
}

Deno.test("byHeart() begins as the oracle does with what everybody knows", async () => {
  const oracle = popqaTwin.policies().find(({ kind }) => kind === "oracle")!;
  const played = await playProblems(popqaTwin, FAMOUS, oracle);
  assertEquals(FAMOUS.length, 100);
  FAMOUS.forEach((problem, i) => {
    const { begun, rest } = popqaTwin.byHeart!(problem);
    const turn = played[i].chat.find(({ role }) => role === "assistant")!;
    assert(turn.content.startsWith(`${begun}${rest}`), turn.content);
  });
});

Deno.test("knownByHeart() counts facts that are told, by popularity", () => {
  const answers = new Map(
    FAMOUS.map((problem) => {
      const { begun, rest } = popqaTwin.byHeart!(problem);
      return [begun, `${rest} So, the answer is`] as const;
    }),
  );
  const progress: number[][] = [];
  const asked = writer((prompt) => {
    const [, begun] = /<\|im_start\|>assistant\n(.*)$/s.exec(prompt)!;
    return answers.get(begun) ?? " Mount Dale";
  });
  const parts = knownByHeart(popqaTwin, {
    ...asked,
    onProgress: (...numbers) => progress.push(numbers),
  })!;
  assertEquals(parts.map(({ n }) => n), Array(10).fill(140));
  assertEquals(parts.map(({ known }) => known), [100, ...Array(9).fill(0)]);
  assertEquals(parts[0].least, 71429);
  assertEquals(progress, [[1400, 1400]]);

  const { rows } = heartTable({
    nobody: {},
    writer: { byHeart: parts },
  })!;
  assertEquals(rows, [["writer", "71.4", ...Array(9).fill("0.0"), "7.1"]]);
});

Deno.test("knownByHeart() has nothing to ask where every split has facts of its own", () => {
  assertEquals([gpqaTwin, popqaTwin].map(heartTasks), [0, 1400]);
  assertEquals(knownByHeart(gpqaTwin, writer(() => "")), undefined);
  assertEquals(heartTable({ nobody: {} }), undefined);
});
