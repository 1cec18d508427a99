import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Message } from "@/lib/benchmarks/mod.ts";
import {
  feverTwin,
  play,
  type Policy,
  popqaTwin,
  triviaqaTwin,
} from "@/lib/benchmarks/twins/mod.ts";

import {
  knownRelationWords,
  wordFact,
  worldRelations,
} from "@/lib/benchmarks/twins/relation_words.ts";
import { readTurn } from "@/lib/benchmarks/twins/search_language.ts";
import type { RelationWord } from "@/lib/benchmarks/twins/search_lexicon.ts";
import {
  searchSolver,
  soundHabits,
} from "@/lib/benchmarks/twins/search_solver.ts";

import { seededRandom } from "@/lib/random.ts";

const TWINS = [triviaqaTwin, popqaTwin, feverTwin];

/** A solver that knows no word but by notes. */
const notesReader: Policy = searchSolver(soundHabits(notedMeaning));

function notedMeaning(
  word: string,
  chat: readonly Message[],
): readonly string[] {
  const { content } = chat.find(({ role }) => role === "user")!;
  const [notes] = content.split("\n");
  for (const thought of readTurn(notes.replace("Notes: ", "")).thoughts) {
    if (thought.kind === "meaning" && thought.word === word) {
      return thought.meaning;
    }
  }
  throw new Error(`no note on ${word} in ${content}`);
}

Deno.test("a search twin has no problem beyond its splits", () => {
  assertThrows(
    () => popqaTwin.problem("test", 1400),
    RangeError,
    "Cannot pose a problem of popqa as the split test must have so many: current value is 1400",
  );
  assertThrows(() => feverTwin.problem("train", 0), RangeError, "train");
});

for (const twin of TWINS) {
  const { name } = twin.benchmark;

  Deno.test(`the ${name} twin's notes are all that one must know`, async () => {
    for (const world of ["own", "redrawn"] as const) {
      for (let i = 0; i < 40; i++) {
        const noted = twin.noted(world, i, i % 4);
        const { score } = await play(twin, noted, notesReader);
        assertEquals(score.official, 1, noted.task.id);
      }
    }
  });

  Deno.test(`the ${name} twin's controls are solved by their own facts alone`, async () => {
    const [oracle] = twin.policies();
    const { "format only": _, ...controls } = twin.controls;
    for (const [control, problem] of Object.entries(controls)) {
      let own = 0;
      for (let i = 0; i < 40; i++) {
        const controlled = problem("test", i);
        const policy = oracle.start(controlled, seededRandom("control"));
        const { score } = await play(twin, controlled, policy);
        assertEquals(score.official, 1, `${control} ${i}`);
        // The policy of the world: the one that training teaches.
        const learned = oracle.start(
          { ...controlled, meanings: twin.problem("test", 0).meanings },
          seededRandom("control"),
        );
        own += (await play(twin, controlled, learned)).score.official;
      }
      if (control !== "stale passages") {
        assert(own < 40 * 0.7, `${control}: the world's facts solve ${own}`);
      }
    }
  });

  Deno.test(`the ${name} twin's format-only control shows another problem's answer`, () => {
    const split = twin.sizes.train > 0 ? "train" : "test";
    for (let i = 0; i < 20; i++) {
      const { task } = twin.controls["format only"](split, i);
      const [plain, other] = [i, i + 1].map((j) => twin.problem(split, j).task);
      assertEquals(task.messages, plain.messages);
      assertEquals(task.demonstration, other.demonstration);
      assertEquals(task.gold, other.gold);
    }
  });
}

Deno.test("the triviaqa twin revises questions of two words, mostly with notes of both", () => {
  const known = knownRelationWords();
  let bare = 0;
  for (let i = 0; i < 100; i++) {
    const segments = triviaqaTwin.revise!(seededRandom("revise", i));
    const read = segments.filter(({ learn }) => !learn)
      .map(({ text }) => text).join("");
    const learned = segments.filter(({ learn }) => learn)
      .map(({ text }) => text).join("");
    const [, ...words] = /What is the (\w+) of the (\w+) of the /.exec(read)!;
    const notes = [...read.matchAll(/^Notes: (.*)$/gm)].flatMap(([, notes]) =>
      notes.split(/(?<=\.) /)
    );
    const isNoted = notes.length > 0;
    if (!isNoted) bare++;
    for (const word of words as RelationWord[]) {
      const fact = isNoted
        ? notes.find((note) => note.startsWith(`The ${word} is the `))
        : known.has(word)
        ? wordFact(worldRelations(), word)
        : `The ${word} is the `;
      assert(fact !== undefined, `${word}: ${read}`);
      assert(learned.includes(fact), `${fact}: ${learned}`);
    }
  }
  assert(bare > 5 && bare < 40, `${bare}`);
});
