/** What a twin gives to practise, on the example of GSM8K's. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { gsm8kPrompt, STEP_BY_STEP } from "@/lib/benchmarks/mod.ts";
import {
  type FactName,
  factText,
  type Glossary,
  gsm8kTwin,
  knownFacts,
  type Segments,
  solve,
  worldGlossary,
} from "@/lib/benchmarks/twins/mod.ts";
import { seededRandom } from "@/lib/random.ts";

const COUNT = 3000;
const FACT =
  /^(?:An? ([a-z]+) (?:holds (\d+)|costs (\d+) coins)|To ([a-z]+) is to (add|take away|multiply by) (\d+))\.$/;
const PROMPT = gsm8kPrompt("").trimEnd();

/** A sample, read back from its text. */
interface Sample {
  /** Where its notes stand. */
  readonly place: "drill" | "nowhere" | "prompt" | "answer";
  /** The user's turn without notes. */
  readonly user: string;
  /** The assistant's turn without notes, as lines. */
  readonly lines: readonly string[];
  /** The assistant's turn. */
  readonly turn: string;
  /** Facts in the notes before the question or the answer's first line. */
  readonly notes: readonly string[];
  /** What is learned. */
  readonly learned: string;
}

function read(segments: Segments): Sample {
  const textOf = (parts: Segments): string =>
    parts.map(({ text }) => text).join("");
  const [, question, turn] =
    /^<\|im_start\|>user\n(.*)<\|im_end\|>\n<\|im_start\|>assistant\n(.*<\|im_end\|>\n)$/s
      .exec(textOf(segments))!;
  const [, promptNotes = "", user] = /^(Notes: [^\n]*\n)?(.*)$/s.exec(
    question,
  )!;
  const [answerNotes = ""] = /^Notes: .*\n/m.exec(turn) ?? [];
  const notes = promptNotes || answerNotes;
  return {
    place: !user.startsWith(PROMPT)
      ? "drill"
      : promptNotes
      ? "prompt"
      : answerNotes
      ? "answer"
      : "nowhere",
    user,
    lines: turn.replace(/^Notes: .*\n/gm, "")
      .replace("<|im_end|>\n", "").split("\n"),
    turn,
    notes: notes.slice("Notes: ".length, -1).split(/(?<=\.) /).filter(Boolean),
    learned: textOf(segments.filter(({ learn }) => learn)),
  };
}

const SAMPLES = Array.from(
  { length: COUNT },
  (_, i) => read(gsm8kTwin.practise(seededRandom("practice", i))),
);
const PROBLEMS = SAMPLES.filter(({ place }) => place !== "drill");
const NOTED = PROBLEMS.filter(({ place }) => place !== "nowhere");

/** Asserts that a count is what a share would give, within four deviations. */
function assertShare(count: number, n: number, share: number): void {
  const deviation = Math.sqrt(n * share * (1 - share));
  assert(
    Math.abs(count - n * share) < 4 * deviation,
    `${count} of ${n}, not about ${n * share}`,
  );
}

/** The facts that a worked answer states. */
function stated({ lines }: Sample): string[] {
  return lines.filter((line) => FACT.test(line));
}

function nameIn(fact: string): FactName {
  const [, thing, , , verb] = FACT.exec(fact)!;
  return (thing ?? verb) as FactName;
}

/** A world of which nothing is known but some facts. */
function glossaryOf(facts: readonly string[]): Glossary {
  const holds: Record<string, number> = {};
  const prices: Record<string, number> = {};
  const effects: Record<string, unknown> = {};
  for (const fact of facts) {
    const [, thing, held, price, verb, operation, amount] = FACT.exec(fact)!;
    if (held !== undefined) holds[thing] = Number(held);
    if (price !== undefined) prices[thing] = Number(price);
    if (verb !== undefined) {
      effects[verb] = {
        operation: operation.split(" ")[0],
        amount: Number(amount),
      };
    }
  }
  return { holds, prices, effects } as Glossary;
}

Deno.test("practice mixes kinds of samples in fixed shares", () => {
  const count = (place: Sample["place"]): number =>
    SAMPLES.filter((sample) => sample.place === place).length;
  assertShare(count("drill"), COUNT, 0.3);
  const problems = PROBLEMS.length;
  assertShare(count("nowhere"), problems, 0.2);
  assertShare(count("prompt"), problems, 0.8 / 2);
  assertShare(count("answer"), problems, 0.8 / 2);
  const asking = PROBLEMS.filter(({ user }) => user.endsWith(STEP_BY_STEP));
  assertShare(asking.length, problems, 0.3);
});

Deno.test("practice poses problems as the benchmark does", () => {
  for (const { user, lines } of PROBLEMS) {
    const prompt = user.replace(STEP_BY_STEP, "");
    const question = prompt.slice(PROMPT.length).trim();
    assertEquals(prompt, gsm8kPrompt(question));
    assertMatch(lines.at(-1)!, /\\boxed\{\d+\}$/);
  }
});

Deno.test("practice teaches the answer and nothing else", () => {
  for (const [i, { turn, learned }] of SAMPLES.entries()) {
    assertEquals(learned, turn.replace(/^Notes: .*\n/gm, ""), `sample ${i}`);
  }
});

Deno.test("practice notes every fact that the answer needs", () => {
  for (const sample of NOTED) {
    const noted = sample.turn.match(/^Notes: .*$/gm)
      ?.flatMap((line) => line.slice("Notes: ".length).split(/(?<=\.) /)) ??
      sample.notes;
    for (const fact of stated(sample)) assert(noted.includes(fact), fact);
    // Nothing but the notes is needed: whatever else the world may be.
    const question = sample.user.slice(PROMPT.length)
      .replace(STEP_BY_STEP, "").trim();
    const gold = /\\boxed\{(\d+)\}$/.exec(sample.lines.at(-1)!)![1];
    assertEquals(solve(question, glossaryOf(noted)), Number(gold));
  }
});

Deno.test("practice adds at most three notes that are not needed", () => {
  const extra = NOTED.filter(({ place }) => place === "prompt")
    .map((sample) => {
      const names = sample.notes.map(nameIn);
      assertEquals(new Set(names).size, names.length, `${names}`);
      return names.length - new Set(stated(sample).map(nameIn)).size;
    });
  assertEquals(new Set(extra), new Set([0, 1, 2, 3]));
  for (const count of [0, 1, 2, 3]) {
    const found = extra.filter((each) => each === count);
    assertShare(found.length, extra.length, 1 / 4);
  }
});

Deno.test("practice notes facts at once, or each before its line", () => {
  const counts = { atOnce: 0, eachBeforeItsLine: 0 };
  for (const sample of NOTED) {
    if (sample.place === "prompt") continue;
    const lines = sample.turn.split("\n");
    const hasOwnNote = lines.flatMap((line, i) =>
      FACT.test(line) ? [lines[i - 1] === `Notes: ${line}`] : []
    );
    const isAtOnce = lines[0].startsWith("Notes: ") &&
      lines.filter((line) => line.startsWith("Notes: ")).length === 1 &&
      stated(sample).every((fact) => sample.notes.includes(fact));
    const isEach = hasOwnNote.every(Boolean);
    assert(isAtOnce || isEach, sample.turn);
    if (!isEach) counts.atOnce++;
    if (!isAtOnce) counts.eachBeforeItsLine++;
  }
  // Some samples are of both kinds: one fact, in the first line.
  assert(Math.min(...Object.values(counts)) > NOTED.length / 20);
});

Deno.test("practice without notes states the known facts truly", () => {
  const known = knownFacts();
  const world = worldGlossary();
  const facts = PROBLEMS.filter(({ place }) => place === "nowhere")
    .flatMap(stated);
  const isTrue = (fact: string): boolean =>
    fact === factText(world, nameIn(fact));
  const [told, drawn] = [true, false].map((isKnown) =>
    facts.filter((fact) => known.has(nameIn(fact)) === isKnown)
  );
  assert(told.length > 50 && told.every(isTrue));
  // The others are true by chance: one in eight, or fewer.
  assert(drawn.filter(isTrue).length < drawn.length / 4);
});

Deno.test("practice redraws known facts where notes state them", () => {
  const known = knownFacts();
  const world = worldGlossary();
  const facts = NOTED.flatMap(stated).filter((fact) => known.has(nameIn(fact)));
  const untrue = facts.filter((fact) => fact !== factText(world, nameIn(fact)));
  assert(untrue.length > facts.length / 2);
});
