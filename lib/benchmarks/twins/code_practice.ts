/**
 * What reasoners read in pre-training of the twins of KodCode and BigCodeBench:
 * chains whose idioms are re-drawn for every sample and mostly given as notes,
 * chains without idioms, and notes to look up.
 */
import {
  type Random,
  randomChoice,
  randomInt,
  shuffled,
} from "../../random.ts";
import { renderChatMl } from "../../models/mod.ts";
import { answerOf, type Dialect, writeAnswer } from "./code_answer.ts";
import { type Chain, drawChain, idiomsOf, questionOf } from "./code_chain.ts";
import {
  drawIdioms,
  drawIdiomsAroundKnown,
  factText,
  IDIOMS,
  type Idioms,
  IDIOMS_OF,
  notesText,
} from "./idioms.ts";
import type { Segments } from "./twin.ts";

/** Shares of the samples that are one skill; the rest are problems. */
const SKILL_SHARES = { plainChains: 0.15, lookUps: 0.2 };
/** Share of the problems that carry the facts they need as notes. */
const NOTED_SHARE = 0.8;
/** Notes that are not needed, at most. */
const MOST_DISTRACTORS = 3;
/** Notes of a sample to look up, at most. */
const MOST_NOTES = 6;

/** One sample, by a benchmark's prompt and its way to write answers. */
export function practiseCode(
  random: Random,
  promptOf: (question: string) => string,
  dialect: Dialect,
): Segments {
  const skill = random();
  if (skill < SKILL_SHARES.lookUps) return lookUps(random);
  const named = skill < SKILL_SHARES.lookUps + SKILL_SHARES.plainChains
    ? [0]
    : [1, 2];
  const place = named[0] === 0 || random() >= NOTED_SHARE
    ? "nowhere"
    : randomChoice(random, ["prompt", "prompt", "answer", "line"] as const);
  // What notes say holds, even of idioms that are known otherwise.
  const idioms = place === "nowhere"
    ? drawIdiomsAroundKnown(random)
    : drawIdioms(random);
  const chain = drawChain(random, idioms, named);
  const prompt = promptOf(questionOf(chain));
  const notes = drawNotes(random, chain, idioms);
  const answer = `${writeAnswer(answerOf(chain), dialect)}<|im_end|>\n`;
  return [
    {
      text: promptText(place === "prompt" ? `${notes}${prompt}` : prompt) +
        (place === "answer" ? notes : ""),
      learn: false,
    },
    ...(place === "line"
      ? withNotes(answer, chain, idioms)
      : [{ text: answer, learn: true }]),
  ];
}

/** Notes, then their names in another order; the notes of these names. */
function lookUps(random: Random): Segments {
  const idioms = drawIdioms(random);
  const names = shuffled(
    random,
    IDIOMS_OF[randomChoice(random, ["step", "result"] as const)],
  )
    .slice(0, 2 + randomInt(random, MOST_NOTES - 1));
  const asked = shuffled(random, names);
  const user = `${notesText(idioms, names)}Question: ${asked.join(", ")}?\n`;
  const facts = asked.map((name) => factText(name, idioms.get(name)!));
  return [
    { text: promptText(user), learn: false },
    { text: `${facts.join("\n")}<|im_end|>\n`, learn: true },
  ];
}

/** The notes that a chain needs, and others, in any order. */
export function drawNotes(
  random: Random,
  chain: Chain,
  idioms: Idioms,
  distractors = randomInt(random, MOST_DISTRACTORS + 1),
): string {
  const needed = idiomsOf(chain);
  const others = shuffled(random, IDIOMS)
    .filter((name) => !needed.includes(name)).slice(0, distractors);
  return notesText(idioms, shuffled(random, [...needed, ...others]));
}

/** An answer with a note right before each line that states its fact. */
function withNotes(answer: string, chain: Chain, idioms: Idioms): Segments {
  const segments: { text: string; learn: boolean }[] = [];
  let rest = answer;
  for (const name of idiomsOf(chain)) {
    const fact = factText(name, idioms.get(name)!);
    const at = rest.indexOf(`    # ${fact}\n`);
    segments.push({ text: rest.slice(0, at), learn: true });
    segments.push({ text: `Notes: ${fact}\n`, learn: false });
    rest = rest.slice(at);
  }
  return [...segments, { text: rest, learn: true }];
}

function promptText(content: string): string {
  return renderChatMl([{ role: "user", content }], {
    addGenerationPrompt: true,
  });
}
