import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import {
  CandidatePoints,
  chooseTurns,
  IGNORED_LABEL,
  PROMPT_SKIPPED,
  supervisedTurns,
  type Turn,
  turnRows,
} from "@/lib/memgen/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { listTokenizer, memgenConfig } from "@/tests/memgen/tiny_memgen.ts";

const NONE = IGNORED_LABEL;
/** At most two insertions after delimiters. */
const RELEASED = memgenConfig();
const PAPER = memgenConfig({ memoryScope: "episode" });
const CANDIDATES = new CandidatePoints(
  listTokenizer(["<", "a", "."]),
  RELEASED,
);

/** Two turns, at 2 to 6 and 8 to 12; delimiters at 1, 3, 7, 8, 9 and 10. */
const IDS = [0, 2, 1, 2, 1, 1, 0, 2, 2, 2, 2, 1, 1];
const LABELS = IDS.map((id, t) => t < 2 || t === 6 || t === 7 ? NONE : id);
const TURNS: readonly Turn[] = [
  { start: 2, end: 6, points: [2, 4] },
  { start: 8, end: 13, points: [8, 9, 10] },
];

Deno.test("supervisedTurns() starts each turn anew, with its own cap", () => {
  assertEquals(
    supervisedTurns(CANDIDATES, { ids: IDS, labels: LABELS }, RELEASED),
    TURNS,
  );
  const none = memgenConfig({ maxInferenceAugmentations: 0 });
  assertEquals(
    supervisedTurns(CANDIDATES, { ids: IDS, labels: LABELS }, none)
      .map(({ points }) => points),
    [[2], [8]],
  );
  // What follows a turn does not make it longer.
  const labels = LABELS.map((label, t) => t > 9 ? NONE : label);
  assertEquals(
    supervisedTurns(CANDIDATES, { ids: IDS, labels }, RELEASED)[1],
    { start: 8, end: 10, points: [8, 9] },
  );
});

Deno.test("supervisedTurns() refuses turns that nothing precedes", () => {
  for (const [labels, starts] of [[[NONE, NONE], ""], [[1, NONE], "0"]]) {
    assertThrows(
      () =>
        supervisedTurns(
          CANDIDATES,
          { ids: [1, 1], labels: labels as number[] },
          RELEASED,
        ),
      RangeError,
      `Cannot find the turns of an episode as each must follow a prompt: current value is turns from tokens [${starts}]`,
    );
  }
});

Deno.test("turnRows() gives each turn a row of its own where memory is the turn's", () => {
  assertEquals(turnRows(IDS, TURNS, RELEASED), [
    {
      ids: [0, 2, 1, 2, 1, 1],
      labels: [NONE, NONE, 1, 2, 1, 1],
      points: [2, 4],
    },
    {
      ids: IDS,
      labels: [...Array(8).fill(NONE), 2, 2, 2, 1, 1],
      points: [8, 9, 10],
    },
  ]);
  assertEquals(turnRows(IDS, [], RELEASED), []);
});

Deno.test("turnRows() gives an episode one row where memory stays in view", () => {
  assertEquals(turnRows(IDS, TURNS, PAPER), [{
    ids: IDS,
    labels: LABELS,
    // Three blocks a turn; the first turn has two.
    points: [2, 4, PROMPT_SKIPPED, 8, 9, 10],
  }]);
  assertEquals(turnRows(IDS, TURNS.slice(0, 1), PAPER), [{
    ids: IDS.slice(0, 6),
    labels: LABELS.slice(0, 6),
    points: [2, 4, PROMPT_SKIPPED],
  }]);
  assertEquals(turnRows(IDS, [], PAPER), []);
});

Deno.test("chooseTurns() draws turns at random, as many as are allowed, in order", () => {
  const turns: Turn[] = Array.from(
    { length: 6 },
    (_, i) => ({ start: 2 * i + 1, end: 2 * i + 2, points: [2 * i + 1] }),
  );
  const counts = Array(6).fill(0);
  for (let seed = 0; seed < 300; seed++) {
    const chosen = chooseTurns(
      turns,
      memgenConfig({ maxPromptAugmentations: 2 }),
      seededRandom("turns", seed),
    ).map((turn) => turns.indexOf(turn));
    assertEquals(chosen.length, 2);
    assertEquals(chosen[0] < chosen[1], true);
    for (const i of chosen) counts[i]++;
  }
  // 100 of 300 expected, with a standard deviation of 8.
  assertEquals(counts.every((count) => count > 60 && count < 140), true);
});

Deno.test("chooseTurns() leaves few turns, and turns of one row, together", () => {
  const random = seededRandom("turns");
  const few = memgenConfig({ maxPromptAugmentations: 2 });
  assertEquals(chooseTurns(TURNS, few, random), [...TURNS]);
  const whole = memgenConfig({
    memoryScope: "episode",
    maxPromptAugmentations: 1,
  });
  assertEquals(chooseTurns(TURNS, whole, random), [...TURNS]);
});
