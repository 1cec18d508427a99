import "@/tests/backend.ts";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { IGNORED_LABEL, type SupervisedRow } from "@/lib/memgen/mod.ts";
import { completionText, NOT_ASKED } from "@/lib/models/mod.ts";
import type { NamedTensors } from "@/lib/tensorflow/mod.ts";
import {
  type Environment,
  type Episode,
  grpoObjective,
  playEpisodes,
  type Policy,
  PolicyLearner,
  rolloutRows,
  triggerPolicy,
  weaverPolicy,
} from "@/lib/training/mod.ts";
import {
  letterGame,
  type TinyPlayers,
  withPlayers,
} from "@/tests/training/tiny_episodes.ts";
import { tensorTest } from "@/tests/models/tiny.ts";

const TASKS = [0, 1, 2].map(() => () => letterGame());

/** Words of a player's tokens. */
function textOf({ model }: TinyPlayers, ids: readonly number[]): string {
  return model.tokenizer.decode(ids);
}

tensorTest(
  "playEpisodes() gives what was read and written in each turn",
  () =>
    withPlayers({ triggerActive: true }, async (players) => {
      const log: string[] = [];
      const episodes = await playEpisodes(
        TASKS.map(() => () => letterGame(log)),
        players.options,
      );
      assertEquals(episodes.map(({ prompt }) => prompt), [0, 0, 1, 1, 2, 2]);
      const written: string[] = [];
      for (const { turns, ...episode } of episodes) {
        assertEquals(episode.promptIds, turns[0].promptIds);
        assertEquals(episode.ids, turns.flatMap(({ ids }) => ids));
        assertEquals(
          episode.augmentation,
          turns.flatMap(({ augmentation }) => augmentation),
        );
        assertEquals(
          episode.reward,
          turns.reduce((sum, { reward }) => sum + reward, 0),
        );
        turns.forEach(({ promptIds, ids, augmentation, observation }, turn) => {
          assertEquals(ids.length, augmentation.length);
          // Memory is asked for at the end of every turn's prompt.
          assert(augmentation[0] !== NOT_ASKED);
          const text = textOf(players, ids).replace("<|im_end|>", "");
          // A tiny model also writes special tokens, which nobody reads.
          written.push(completionText(players.model.tokenizer, ids));
          const next = turns[turn + 1];
          if (next === undefined) return;
          // What was written is read as it was written.
          assertEquals(
            next.promptIds.slice(0, promptIds.length + ids.length),
            [...promptIds, ...ids],
          );
          assertEquals(
            textOf(players, next.promptIds),
            `${textOf(players, promptIds)}${text}<|im_end|>\n` +
              `<|im_start|>user\n${observation}<|im_end|>\n` +
              "<|im_start|>assistant\n",
          );
        });
      }
      // The environment sees what was written, without special tokens.
      assertEquals(log.toSorted(), written.toSorted());
      const counts = episodes.map(({ turns }) => turns.length);
      // Those of a task begin alike; not all of them last equally long.
      for (const i of [0, 2, 4]) assertEquals(counts[i], counts[i + 1]);
      assert(new Set(counts).size > 1, `${counts}`);
      // Some turns ended, others were cut off; the game ended all episodes.
      const isEnded = episodes.flatMap(({ turns }) =>
        turns.map(({ ids }) =>
          ids.at(-1) === players.model.tokenizer.eosTokenId
        )
      );
      assertEquals(new Set(isEnded).size, 2);
      assert(!episodes.some(({ isTruncated }) => isTruncated));
    }),
);

tensorTest(
  "playEpisodes(): an episode does not depend on its neighbours",
  () =>
    withPlayers(
      { memoryScope: "episode", triggerActive: true },
      async ({ options }) => {
        const all = await playEpisodes(TASKS, options);
        const split = await playEpisodes(TASKS, { ...options, batchSize: 2 });
        assertEquals(split, all);
        const last = { ...options, chosen: [2], numbers: [4, 5] };
        assertEquals(await playEpisodes(TASKS, last), all.slice(4));
        // The first task ends at once.
        const shorter = await playEpisodes(
          [() => ending(), ...TASKS.slice(1)],
          options,
        );
        assertEquals(shorter.slice(2), all.slice(2));
        const other = await playEpisodes(TASKS, { ...options, seed: 1 });
        assert(JSON.stringify(other) !== JSON.stringify(all));
      },
    ),
);

/** A game that is over after one turn. */
function ending(): Environment {
  return {
    reset: () => [{ role: "user", content: "a" }],
    step: () => ({
      observation: "",
      reward: 1,
      terminated: true,
      truncated: false,
    }),
  };
}

/** A game that never ends by itself. */
function endless(changes: Partial<Environment> = {}): Environment {
  return {
    reset: () => [{ role: "user", content: "a" }],
    step: () => ({
      observation: "abcdefghijklmnop",
      reward: 1,
      terminated: false,
      truncated: false,
    }),
    ...changes,
  };
}

/** Turns of an episode and whether it was truncated. */
function ends({ turns, isTruncated, reward }: Episode): unknown {
  assertEquals(reward, turns.length);
  return [turns.length, isTruncated];
}

tensorTest(
  "playEpisodes() ends episodes at the limits",
  () =>
    withPlayers({}, async ({ options, model }) => {
      const play = async (
        changes: Partial<typeof options>,
        game = endless(),
      ) => {
        const [episode] = await playEpisodes([() => game], {
          ...options,
          groupSize: 1,
          ...changes,
        });
        return episode;
      };
      assertEquals(ends(await play({})), [3, true]);
      assertEquals(ends(await play({ maxTurns: 1 })), [1, true]);
      // The prompt has 9 tokens; each further turn reads 8 tokens and up to 13,
      // and writes up to 6, or 7 with its end.
      assertEquals(ends(await play({ maxLength: 15 })), [1, true]);
      const cut = endless({
        step: () => ({
          observation: "",
          reward: 1,
          terminated: false,
          truncated: true,
        }),
      });
      assertEquals(ends(await play({}, cut)), [1, true]);
      assertEquals(ends(await play({}, ending())), [1, false]);

      const { turns } = await play({ maxObservationTokens: 5 });
      assertEquals(turns[0].observation, "abcdefghijklmnop");
      const read = model.tokenizer.decode(turns[1].promptIds);
      assert(read.includes("user\nab...<|im_end|>"), read);
    }),
);

tensorTest(
  "playEpisodes() refuses limits that cannot be kept",
  () =>
    withPlayers({ memoryScope: "episode" }, async ({ options }) => {
      const refuse = (changes: Partial<typeof options>, rule: string) =>
        assertRejects(
          () => playEpisodes(TASKS, { ...options, ...changes }),
          RangeError,
          rule,
        );
      await refuse(
        { maxTurns: 0 },
        "Cannot play episodes as 'maxTurns' must be an integer of at least 1: current value is 0",
      );
      await refuse(
        { maxObservationTokens: 2.5 },
        "Cannot play episodes as 'maxObservationTokens' must be an integer of at least 3: current value is 2.5",
      );
      await refuse({ groupSize: 0 }, "'groupSize' must be an integer");
      // Three turns of 2 + 2 x 3 latents.
      await refuse(
        { maxLength: 256 - 24 + 1 },
        "Cannot play episodes as 'maxLength' and the memory of an episode must fit into 256 positions: current value is 257",
      );
      await refuse(
        { maxLength: 12 },
        "Cannot play episode 0 as its prompt and 6 new tokens must fit into 12: current value is",
      );
    }),
);

tensorTest(
  "playEpisodes() names the episode whose environment fails",
  () =>
    withPlayers({}, async ({ options }) => {
      const play = (game: Environment) =>
        playEpisodes([() => endless(), () => game], {
          ...options,
          groupSize: 1,
          timeoutMs: 20,
        });
      await assertRejects(
        () =>
          play(endless({
            step() {
              throw new Error("lamp broke");
            },
          })),
        Error,
        "Cannot play episode 1 as its environment must not throw: current value is lamp broke",
      );
      await assertRejects(
        () => play(endless({ step: () => new Promise(() => {}) })),
        Error,
        "Cannot play episode 1 as its environment must answer within 20 ms: current value is no answer",
      );
    }),
);

for (
  const setting of [
    { insertion: "append", memoryScope: "turn", triggerReads: "text" },
    { insertion: "append", memoryScope: "episode", triggerReads: "context" },
    { insertion: "prepend", memoryScope: "episode", triggerReads: "context" },
  ] as const
) {
  tensorTest(
    `Rows of episodes, ${
      Object.values(setting).join(", ")
    }: their pass has memory where the episode had it`,
    () =>
      withPlayers(
        { ...setting, triggerActive: true },
        async ({ model, config, modules, memory, options }) => {
          const greedy = { ...options, temperature: 0 };
          const episodes = await playEpisodes(TASKS, greedy);
          const turns = setting.memoryScope === "episode" ? 3 : 1;
          const room = { rows: 2, length: 90, targets: 36, turns };
          const shape = { ...room, prompt: 60, segment: 60 };
          // What was the best token is almost certain at this temperature.
          const weaver = weaverPolicy(model, config, {
            temperature: 1e-3,
            shape,
            memory: () => memory,
          });
          const tokens = episodes.flatMap((each) => rolloutRows(weaver, each));
          assertEquals(learned(tokens), episodes.flatMap(({ ids }) => ids));
          assert(leastLogProb(weaver, modules.weaver, tokens) > -1);
          // With the memory elsewhere it is not.
          const moved = tokens.map((row) => ({ ...row, points: [1] }));
          assert(leastLogProb(weaver, modules.weaver, moved) < -10);

          const trigger = triggerPolicy(model, modules, {
            temperature: 1,
            shape,
            memory: () => memory,
          });
          const decisions = episodes
            .flatMap((each) => rolloutRows(trigger, each));
          assertEquals(
            learned(decisions),
            episodes.flatMap(({ augmentation }) =>
              augmentation.filter((decision) => decision !== NOT_ASKED)
            ),
          );
          assertEquals(new Set(learned(decisions)), new Set([0, 1]));
          // They were not sampled: each was the likelier one.
          const least = leastLogProb(trigger, modules.trigger, decisions);
          assert(least > Math.log(0.5) - 1e-3, `${least}`);
        },
      ),
  );
}

/** What rows teach, in their order. */
function learned(rows: readonly SupervisedRow[]): number[] {
  return rows.flatMap(({ labels }) =>
    labels.filter((label) => label !== IGNORED_LABEL)
  );
}

/** Of all that rows teach. */
function leastLogProb<Batch>(
  policy: Policy<Batch>,
  parameters: NamedTensors,
  rows: readonly SupervisedRow[],
): number {
  const objective = grpoObjective({ lossType: "grpo" });
  const options = { name: "least", xla: "never" } as const;
  const learner = new PolicyLearner(policy, objective, options);
  const values = learner.logProbs(parameters, rows);
  learner.dispose();
  return Math.min(...values.flatMap((each) => [...each]));
}
