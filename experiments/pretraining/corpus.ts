/**
 * What the mini reasoners read in pre-training (mini-reasoners' recipe, part
 * 1): problems whose facts are re-drawn for every sample and mostly given as
 * notes, so that the reasoner learns skills and learns to use what it is told.
 * The benchmark's own world stays unknown to it, but for the known facts.
 */
import { STEP_BY_STEP } from "@/lib/baselines/mod.ts";
import { gsm8kPrompt } from "@/lib/benchmarks/mod.ts";
import {
  CHAIN_LENGTHS,
  drawGlossary,
  drawGlossaryAround,
  drawProblem,
  FACT_KINDS,
  FACT_NAMES,
  type FactName,
  factText,
  type Glossary,
  ITEMS,
  knownFacts,
  NAMES,
  notesText,
  plural,
  type Problem,
} from "@/lib/benchmarks/twins/mod.ts";
import { IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import { renderChatMl, type Tokenizer } from "@/lib/models/mod.ts";
import type { LabelledTokens } from "@/lib/training/mod.ts";
import {
  type Random,
  randomChoice,
  randomInt,
  seededRandom,
  shuffled,
} from "@/lib/random.ts";

/** Shares of the samples that are nothing but one skill; the rest are problems. */
export interface Mixture {
  /** Samples that are nothing but sums. */
  readonly sums: number;
  /** Samples that are nothing but looking up notes. */
  readonly lookUps: number;
  /** Notes of such a sample, at most; at least two. */
  readonly notes: number;
}

/** Sums in one sample. */
const SUMS = 6;
/** Share of the samples that carry the facts they need as notes. */
const NOTED_SHARE = 0.8;
/** Notes that are not needed, at most. */
const MOST_DISTRACTORS = 3;
/** Share of the prompts that ask for steps, as chain-of-thought prompts do. */
const STEPS_SHARE = 0.3;

/** A text of which only some parts are learned. */
type Segments = readonly { readonly text: string; readonly learn: boolean }[];

const KNOWN = knownFacts();

/** Sample number `index` of the corpus. */
export function pretrainingRow(
  tokenizer: Tokenizer,
  index: number,
  { sums, lookUps, notes }: Mixture,
): LabelledTokens {
  const random = seededRandom("pretraining", index);
  const kind = random();
  if (kind < sums) return encode(tokenizer, sumDrill(random));
  if (kind < sums + lookUps) {
    return encode(tokenizer, lookUpDrill(random, notes));
  }
  const place = random() >= NOTED_SHARE
    ? "nowhere"
    : randomChoice(random, ["prompt", "prompt", "answer", "line"] as const);
  // What notes say holds, even of facts that are known otherwise.
  const glossary = place === "nowhere"
    ? drawGlossaryAround(random, KNOWN)
    : drawGlossary(random);
  const problem = drawProblem(random, {
    glossary,
    lengths: [1, ...CHAIN_LENGTHS],
    accepts: () => true,
  });
  return encode(tokenizer, sample(random, place, glossary, problem));
}

/** Where the notes of a sample stand. */
type NotesPlace = "nowhere" | "prompt" | "answer" | "line";

/** Sums as worked answers write them. */
function sumDrill(random: Random): Segments {
  const sums = Array.from({ length: SUMS }, () => drawSum(random));
  const user = `${sums.map(({ text }) => text).join(", ")}\n`;
  const lines = sums.map(({ text, result }) =>
    `${text}=<<${text}=${result}>>${result}.`
  );
  return drill(user, lines);
}

/**
 * Notes, then their names in another order; the notes of these names. All
 * read alike, so that only the name tells them apart.
 */
function lookUpDrill(random: Random, most: number): Segments {
  const notes = randomChoice(random, [people, ...FACT_KINDS.map(facts)])(
    random,
    2 + randomInt(random, most - 1),
  );
  const asked = shuffled(random, notes);
  const told = notes.map(({ text }) => text).join(" ");
  const names = asked.map(({ name }) => name).join(", ");
  return drill(
    `Notes: ${told}\nQuestion: ${names}?\n`,
    asked.map(({ text }) => text),
  );
}

/** Something to look up by its name. */
interface Note {
  readonly name: string;
  readonly text: string;
}

/** Draws facts of one kind. */
function facts(
  kind: readonly FactName[],
): (random: Random, count: number) => Note[] {
  return (random, count) => {
    const glossary = drawGlossary(random);
    return shuffled(random, kind).slice(0, count)
      .map((name) => ({ name, text: factText(glossary, name) }));
  };
}

/** What people have. */
function people(random: Random, count: number): Note[] {
  return shuffled(random, NAMES).slice(0, count).map((name) => {
    const amount = 2 + randomInt(random, 98);
    const item = plural(randomChoice(random, ITEMS));
    return { name, text: `${name} has ${amount} ${item}.` };
  });
}

function drill(user: string, lines: readonly string[]): Segments {
  return [
    {
      text: renderChatMl([{ role: "user", content: user }], {
        addGenerationPrompt: true,
      }),
      learn: false,
    },
    { text: `${lines.join("\n")}<|im_end|>\n`, learn: true },
  ];
}

/** A sum within 1 to 99, its kinds and operands as in the problems. */
function drawSum(random: Random): { text: string; result: number } {
  for (;;) {
    const a = 1 + randomInt(random, 98);
    const sign = randomChoice(random, ["+", "-", "*", "/"] as const);
    const b = sign === "/"
      ? 2
      : sign === "*"
      ? 2 + randomInt(random, 8)
      : 2 + randomInt(random, 70);
    const result = { "+": a + b, "-": a - b, "*": a * b, "/": a / b }[sign];
    if (result >= 1 && result <= 99 && Number.isInteger(result)) {
      return { text: `${a}${sign}${b}`, result };
    }
  }
}

function sample(
  random: Random,
  place: NotesPlace,
  glossary: Glossary,
  problem: Problem,
): Segments {
  const steps = random() < STEPS_SHARE ? STEP_BY_STEP : "";
  const prompt = `${gsm8kPrompt(problem.question)}${steps}`;
  const needed = [...new Set(problem.facts)];
  const others = shuffled(random, FACT_NAMES)
    .filter((name) => !needed.includes(name))
    .slice(0, randomInt(random, MOST_DISTRACTORS + 1));
  const notes = notesText(glossary, shuffled(random, [...needed, ...others]));
  const user = place === "prompt" ? `${notes}${prompt}` : prompt;
  return [
    {
      text: renderChatMl([{ role: "user", content: user }], {
        addGenerationPrompt: true,
      }) + (place === "answer" ? notes : ""),
      learn: false,
    },
    ...answerSegments(problem, place === "line" ? glossary : undefined),
    { text: "<|im_end|>\n", learn: true },
  ];
}

/** The worked answer; with notes right before the lines that need them. */
function answerSegments(
  problem: Problem,
  glossary: Glossary | undefined,
): Segments {
  const [work, gold] = problem.answer.split("\n#### ");
  const boxed = `${work}\\boxed{${gold}}`;
  if (glossary === undefined) return [{ text: boxed, learn: true }];
  const facts = problem.facts.map((name) => factText(glossary, name));
  const segments: { text: string; learn: boolean }[] = [];
  let next = 0;
  boxed.split("\n").forEach((line, i, lines) => {
    if (next < facts.length && line === facts[next]) {
      segments.push({ text: `Notes: ${facts[next++]}\n`, learn: false });
    }
    const end = i === lines.length - 1 ? "" : "\n";
    segments.push({ text: `${line}${end}`, learn: true });
  });
  return segments;
}

function encode(tokenizer: Tokenizer, segments: Segments): LabelledTokens {
  const ids: number[] = [];
  const labels: number[] = [];
  for (const { text, learn } of segments) {
    const tokens = tokenizer.encode(text);
    ids.push(...tokens);
    labels.push(...tokens.map((id) => learn ? id : IGNORED_LABEL));
  }
  return { ids, labels };
}
