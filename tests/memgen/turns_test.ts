import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import {
  appendLogProbs,
  CandidatePoints,
  chooseTurns,
  IGNORED_LABEL,
  joinTurns,
  packAppend,
  PROMPT_SKIPPED,
  splitTurns,
  type SupervisedRow,
} from "@/lib/memgen/mod.ts";
import type { ChatMessage } from "@/lib/models/mod.ts";
import { seededRandom } from "@/lib/random.ts";
import { tidy } from "@/lib/tensorflow/mod.ts";
import { conversationRow } from "@/lib/training/mod.ts";
import {
  listTokenizer,
  memgenConfig,
  withParityCase,
} from "@/tests/memgen/tiny_memgen.ts";
import { assertClose, PARITY_NAMES, tensorTest } from "@/tests/models/tiny.ts";

const NONE = IGNORED_LABEL;
/** At most two insertions after delimiters. */
const RELEASED = memgenConfig();
const PAPER = memgenConfig({ memoryScope: "episode" });
const CANDIDATES = new CandidatePoints(
  listTokenizer(["<", "a", "."]),
  RELEASED,
);

/** Two turns, at 2 to 6 and 8 to 13; delimiters at 1, 3, 7, 8, 9 and 10. */
const IDS = [0, 2, 1, 2, 1, 1, 0, 2, 2, 2, 2, 1, 1];
const LABELS = IDS.map((id, t) => t < 2 || t === 6 || t === 7 ? NONE : id);
const TURNS: readonly SupervisedRow[] = [
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
];

Deno.test("splitTurns() starts each turn anew, with its own cap", () => {
  const row = { ids: IDS, labels: LABELS };
  assertEquals(splitTurns(CANDIDATES, row, RELEASED), TURNS);
  const none = memgenConfig({ maxInferenceAugmentations: 0 });
  assertEquals(
    splitTurns(CANDIDATES, row, none).map(({ points }) => points),
    [[2], [8]],
  );
  // What follows a turn does not make it longer.
  const labels = LABELS.map((label, t) => t > 9 ? NONE : label);
  const [, second] = splitTurns(CANDIDATES, { ids: IDS, labels }, RELEASED);
  assertEquals(second.ids, IDS.slice(0, 10));
  assertEquals(second.points, [8, 9]);
});

Deno.test("splitTurns() takes boundaries by chance, if it is told to", () => {
  const points = (probability: number) =>
    splitTurns(CANDIDATES, { ids: IDS, labels: LABELS }, RELEASED, {
      probability,
      random: seededRandom("boundaries"),
    }).map((turn) => turn.points);
  assertEquals(points(0), [[2], [8]]);
  assertEquals(points(1)[0], [2, 4]);
});

Deno.test("splitTurns() refuses turns that nothing precedes", () => {
  for (const [labels, starts] of [[[NONE, NONE], ""], [[1, NONE], "0"]]) {
    assertThrows(
      () =>
        splitTurns(
          CANDIDATES,
          { ids: [1, 1], labels: labels as number[] },
          RELEASED,
        ),
      RangeError,
      `Cannot find the turns of an episode as each must follow a prompt: current value is turns from tokens [${starts}]`,
    );
  }
});

Deno.test("joinTurns() leaves turns apart where memory is the turn's", () => {
  assertEquals(joinTurns(TURNS, RELEASED), [...TURNS]);
  assertEquals(joinTurns([], RELEASED), []);
});

Deno.test("joinTurns() makes one row of an episode where memory stays in view", () => {
  assertEquals(joinTurns(TURNS, PAPER), [{
    ids: IDS,
    labels: LABELS,
    // Three blocks a turn; the first turn has two.
    points: [2, 4, PROMPT_SKIPPED, 8, 9, 10],
  }]);
  assertEquals(joinTurns(TURNS.slice(0, 1), PAPER), [{
    ...TURNS[0],
    points: [2, 4, PROMPT_SKIPPED],
  }]);
  assertEquals(joinTurns([], PAPER), []);
});

Deno.test("joinTurns() refuses a turn with more points than blocks", () => {
  const none = memgenConfig({
    memoryScope: "episode",
    maxInferenceAugmentations: 0,
  });
  assertThrows(
    () => joinTurns(TURNS, none),
    RangeError,
    "Cannot join turns as each may hold at most 1 insertion points: current value is 2",
  );
});

Deno.test("joinTurns() keeps the snippets of each block", () => {
  const turns = [
    { ...TURNS[0], snippets: [[7], [8, 9]] },
    { ...TURNS[1], snippets: [[5], [], [6]] },
  ];
  const [{ snippets }] = joinTurns(turns, PAPER);
  assertEquals(snippets, [[7], [8, 9], [], [5], [], [6]]);
});

Deno.test("chooseTurns() draws turns at random, as many as are allowed, in order", () => {
  const turns = Array.from({ length: 6 }, (_, i): SupervisedRow => ({
    ids: [i],
    labels: [i],
    points: [],
  }));
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
  for (
    const changes of [
      { maxPromptAugmentations: 2 },
      { maxPromptAugmentations: 0 },
      { maxPromptAugmentations: 1, memoryScope: "episode" },
    ] as const
  ) {
    const chosen = chooseTurns(TURNS, memgenConfig(changes), random);
    assertEquals(chosen, [...TURNS]);
  }
});

/** Conversations, and the released log-probability of each learned token. */
const CONVERSATIONS: {
  readonly chats: readonly (readonly ChatMessage[])[];
  readonly logProbs: Readonly<Record<string, readonly (readonly number[])[]>>;
} = JSON.parse(
  Deno.readTextFileSync(
    join(import.meta.dirname!, "fixtures", "conversations.json"),
  ),
);

for (const name of PARITY_NAMES) {
  tensorTest(
    `Rows of turns give the released log-probabilities of conversations for ${name}`,
    () =>
      withParityCase(name, "memgen-always", ({ model, modules }) => {
        const { config, weaver } = modules;
        const candidates = new CandidatePoints(model.tokenizer, config);
        CONVERSATIONS.chats.forEach((chat, i) => {
          const expected = CONVERSATIONS.logProbs[name][i];
          const turns = joinTurns(
            splitTurns(
              candidates,
              conversationRow(model.tokenizer, chat),
              config,
            ),
            config,
          );
          const shape = { rows: turns.length, length: 120, segment: 60 };
          const found = tidy(() => {
            const batch = packAppend(
              turns,
              { ...shape, targets: expected.length, prompt: 110 },
              config,
            );
            return appendLogProbs(model, config, weaver, batch, 1).dataSync();
          });
          assertClose(found, expected, 1e-5);
        });
      }),
  );
}
