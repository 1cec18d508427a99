/**
 * What a reasoner knows by heart of what a twin asks for: it is made to begin
 * with the fact, without a search engine. Who searches for all else, and for
 * nothing else, is the oracle of searching (PopQA).
 */
import type { AnswerOptions } from "@/experiments/twin_answers.ts";
import { popularityTenths } from "@/experiments/popularity.ts";
import { splitProblems, type Twin } from "@/lib/benchmarks/twins/mod.ts";
import { renderChatMl } from "@/lib/models/mod.ts";
import { formatTenths, type Table } from "@/lib/report/mod.ts";

/** Tokens of a fact's value, at most. */
const VALUE_TOKENS = 16;

/** A tenth of the test tasks, the most popular first. */
export interface KnownPart {
  /** The least popular of them. */
  readonly least: number;
  /** Tasks. */
  readonly n: number;
  /** Those whose fact is known by heart. */
  readonly known: number;
}

/** Tasks that `knownByHeart` asks of a twin. */
export function heartTasks(twin: Twin): number {
  return twin.byHeart === undefined ? 0 : twin.sizes.test;
}

/**
 * Asks for the facts of all test tasks, greedily.
 *
 * @returns Undefined where nothing can be known by heart.
 */
export function knownByHeart(
  twin: Twin,
  { model: { tokenizer }, generator, batchSize, onProgress }: Pick<
    AnswerOptions,
    "generator" | "model" | "batchSize" | "onProgress"
  >,
): KnownPart[] | undefined {
  if (twin.byHeart === undefined) return undefined;
  const problems = splitProblems(twin, "test");
  const facts = problems.map((problem) => twin.byHeart!(problem));
  const prompts = problems.map(({ task: { messages } }, i) =>
    tokenizer.encode(
      renderChatMl(messages, { addGenerationPrompt: true }) + facts[i].begun,
    )
  );
  const turns = generator.generateInTurns(prompts, {
    maxNewTokens: VALUE_TOKENS,
    batchSize,
  });
  for (;;) {
    const { done, value } = turns.next();
    if (!done) {
      onProgress?.(value, prompts.length);
      continue;
    }
    const known = new Set(
      problems.filter((_, i) =>
        tokenizer.decode(value[i].ids).startsWith(facts[i].rest)
      ).map(({ task: { id } }) => id),
    );
    return popularityTenths(problems.map(({ task }) => task))!
      .map(({ least, ids }) => ({
        least,
        n: ids.size,
        known: known.intersection(ids).size,
      }));
  }
}

/** The parts of all reasoners; undefined where there are none. */
export function heartTable(
  reasoners: Readonly<
    Record<string, { readonly byHeart?: readonly KnownPart[] }>
  >,
): Table | undefined {
  const asked = Object.entries(reasoners).flatMap(([reasoner, { byHeart }]) =>
    byHeart === undefined ? [] : [{ reasoner, byHeart }]
  );
  if (asked.length === 0) return undefined;
  const [{ byHeart: tenths }] = asked;
  const percent = (known: number, n: number): string =>
    formatTenths(100 * known / n);
  return {
    title: "By heart",
    caption:
      "Tenths of all test tasks, the most popular first: the percentage whose fact the reasoner tells before any training where its turn begins with it, so that it cannot search. Who searches for the others, and for these only, would be right everywhere.",
    columns: [
      { header: "Reasoner" },
      ...tenths.map(({ least }) => ({ header: `From ${least}` })),
      { header: "All" },
    ],
    rows: asked.map(({ reasoner, byHeart }) => [
      reasoner,
      ...byHeart.map(({ known, n }) => percent(known, n)),
      percent(
        byHeart.reduce((sum, { known }) => sum + known, 0),
        byHeart.reduce((sum, { n }) => sum + n, 0),
      ),
    ]),
  };
}
