import "@/tests/backend.ts";
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { ITEMS, NAMES } from "@/lib/benchmarks/twins/mod.ts";
import { CandidatePoints, IGNORED_LABEL } from "@/lib/memgen/mod.ts";
import { loadTokenizer, type Tokenizer } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { disposeTree } from "@/lib/tensorflow/mod.ts";
import {
  packNoted,
  reasonerRow,
  weaverRow,
  worldRow,
} from "@/experiments/newcomers/rows.ts";
import {
  ANSWER_TOKENS,
  NEWCOMERS_MEMGEN,
  SUPERVISED_SHAPE,
} from "@/experiments/newcomers/settings.ts";
import {
  answerText,
  drawPeople,
  NEWCOMERS,
  type NewcomersSplit,
  type Person,
  redrawNewcomers,
  rightShare,
  worldOwnership,
} from "@/experiments/newcomers/world.ts";
import {
  tokenizerFiles,
  wordsOf,
} from "@/experiments/pretraining/tokenizer.ts";
import { withFolder } from "@/tests/folder.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

async function withTokenizer(
  use: (tokenizer: Tokenizer, points: CandidatePoints) => void,
): Promise<void> {
  await withFolder(async (folder) => {
    const texts = [...NAMES, ...ITEMS].map((word) => `${word} ${word}`);
    for (
      const [name, text] of Object.entries(tokenizerFiles(wordsOf(texts)))
    ) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    const tokenizer = await loadTokenizer(folder);
    use(tokenizer, new CandidatePoints(tokenizer, NEWCOMERS_MEMGEN));
  });
}

Deno.test("Splits share no question, and only newcomers own other things", () => {
  const drawn = (split: NewcomersSplit) => {
    const random = seededRandom("test", split);
    return new Set(
      Array.from({ length: 500 }, () => drawPeople(random, split).join(" ")),
    );
  };
  const splits = [drawn("train"), drawn("valid"), drawn("test")];
  const sizes = splits.map(({ size }) => size);
  const together = new Set(splits.flatMap((people) => [...people]));
  assertEquals(together.size, sizes.reduce((sum, size) => sum + size));
  const world = worldOwnership();
  const redrawn = redrawNewcomers(seededRandom("test"));
  const changed = NAMES.filter((name) => world.get(name) !== redrawn.get(name));
  assert(changed.length > 0);
  assert(changed.every((name) => NEWCOMERS.includes(name)));
  const owns = new Map(NAMES.map((name) => [name, ITEMS[0]]));
  assertEquals(answerText(["Ada", "Zoe"], owns), "Ada, stone. Zoe, stone.");
});

Deno.test("rightShare() counts what is said of each in their place", () => {
  const people = NAMES.slice(0, 4);
  const right = answerText(people, worldOwnership());
  assertEquals(rightShare(`${right}<|im_end|>`, people), 1);
  const [first, ...others] = right.split(". ");
  assertEquals(rightShare([`${first}s`, ...others].join(". "), people), 0.75);
  assertEquals(rightShare(others.join(". "), people), 0);
  assertEquals(rightShare("", people), 0);
});

Deno.test("worldRow() learns the answer, each word of it a token", () =>
  withTokenizer((tokenizer) => {
    const people = NAMES.slice(0, 4);
    const { ids, labels, promptLength } = worldRow(
      tokenizer,
      people,
      worldOwnership(),
    );
    assertEquals(promptLength, 5);
    assertEquals(ids.length, promptLength + ANSWER_TOKENS);
    assertEquals(labels.slice(promptLength), ids.slice(promptLength));
    assert(labels.slice(0, promptLength).every((id) => id === IGNORED_LABEL));
  }));

Deno.test("reasonerRow() tells of newcomers at their commas, or does not teach them", () =>
  withTokenizer((tokenizer, points) => {
    const person = (id: number) => tokenizer.tokenText(id).trim() as Person;
    let [told, untold] = [0, 0];
    for (let index = 0; index < 40; index++) {
      const { ids, labels, points: at, notes } = reasonerRow(
        tokenizer,
        points,
        index,
      );
      ids.forEach((id, t) => {
        if (t < 5 || tokenizer.tokenText(id) !== ",") return;
        if (!NEWCOMERS.includes(person(ids[t - 1]))) return;
        const n = at.indexOf(t + 1);
        if (n < 0) {
          untold++;
          assertEquals(labels[t + 1], IGNORED_LABEL);
        } else {
          told++;
          assertEquals(notes[n], [ids[t - 1], ids[t + 1]]);
          assertEquals(labels[t + 1], ids[t + 1]);
        }
      });
    }
    assert(told > untold && untold > 0);
  }));

tensorTest(
  "packNoted() puts notes where their blocks are",
  () =>
    withTokenizer((tokenizer, points) => {
      const rows = [0, 1, 2].map((i) => reasonerRow(tokenizer, points, i));
      const batch = packNoted(rows, SUPERVISED_SHAPE, NEWCOMERS_MEMGEN);
      const notes = batch.notes.arraySync();
      assertEquals(batch.notes.shape, [SUPERVISED_SHAPE.rows, 18]);
      rows.forEach((row, b) =>
        assertEquals(
          notes[b].slice(0, 2 * row.points.length),
          row.notes.flat(),
        )
      );
      disposeTree(batch);
    }),
);

Deno.test("weaverRow() inserts at every candidate but after the end", () =>
  withTokenizer((tokenizer, points) => {
    const row = weaverRow(tokenizer, points, worldOwnership(), [0, 0]);
    assertEquals(row.points, [5, 7, 9, 11, 13, 15, 17, 19, 21]);
  }));
