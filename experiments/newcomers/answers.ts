/** Answers to the newcomers' questions, and where memory went in. */
import type { MemgenMemory } from "@/lib/memgen/mod.ts";
import {
  type Generation,
  type Generator,
  type Model,
  NOT_ASKED,
} from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import {
  ANSWER_BATCH,
  ANSWER_TOKENS,
} from "@/experiments/newcomers/settings.ts";
import {
  answerText,
  drawPeople,
  NEWCOMERS,
  type NewcomersSplit,
  type Person,
  questionText,
  worldOwnership,
} from "@/experiments/newcomers/world.ts";

/** How questions were answered; means are over questions. */
export interface NewcomersAnswers {
  /** 1 for each answer that is right as a whole, else 0. */
  readonly correct: readonly number[];
  /** Mean number of insertions. */
  readonly insertions: number;
  /** Of these, the ones after a newcomer's comma. */
  readonly needed: number;
  /** Mean number of positions at which there was a decision. */
  readonly candidates: number;
}

/** Greedy answers to the first questions of a split. */
export function askNewcomers(
  { tokenizer }: Model,
  generator: Generator,
  { memory, split, questions }: {
    readonly memory: MemgenMemory;
    readonly split: NewcomersSplit;
    readonly questions: number;
  },
): NewcomersAnswers {
  const random = seededRandom("newcomers", split);
  const asked = Array.from(
    { length: questions },
    () => drawPeople(random, split),
  );
  const answers = generator.generate(
    asked.map((people) => tokenizer.encode(questionText(people))),
    { maxNewTokens: ANSWER_TOKENS, batchSize: ANSWER_BATCH, memory },
  );
  const world = worldOwnership();
  const end = tokenizer.decode([tokenizer.eosTokenId]);
  const mean = (count: (answer: Generation) => number): number =>
    answers.reduce((sum, answer) => sum + count(answer), 0) / questions;
  const isNewcomersComma = (ids: readonly number[], at: number): boolean => {
    const [person, comma] = ids.slice(at - 2, at)
      .map((id) => tokenizer.tokenText(id).trim());
    return comma === "," && NEWCOMERS.includes(person as Person);
  };
  return {
    correct: answers.map(({ ids }, i) =>
      Number(tokenizer.decode(ids) === answerText(asked[i], world) + end)
    ),
    insertions: mean(({ augmentation }) =>
      augmentation.filter((decision) => decision === 1).length
    ),
    needed: mean(({ ids, augmentation }) =>
      augmentation.filter((decision, at) =>
        decision === 1 && at >= 2 && isNewcomersComma(ids, at)
      ).length
    ),
    candidates: mean(({ augmentation }) =>
      augmentation.filter((decision) => decision !== NOT_ASKED).length
    ),
  };
}
