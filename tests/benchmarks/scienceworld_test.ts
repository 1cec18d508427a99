import { assertEquals, assertRejects } from "@std/assert";
import {
  Laboratory,
  type LaboratoryGame,
  laboratoryTask,
} from "@/lib/benchmarks/laboratory/laboratory.ts";
import { scienceworld } from "@/lib/benchmarks/scienceworld.ts";
import { withFolder } from "../folder.ts";

const GAME: LaboratoryGame = {
  goal: { thing: "mug", state: "hot", room: "studio" },
  rooms: [
    { name: "kitchen", things: [] },
    { name: "studio", things: ["mug", "ring"] },
  ],
  maxTurns: 8,
};

const SOLUTION = [
  "teleport to studio",
  "focus on mug",
  "pick up mug",
  "teleport to kitchen",
  "use stove on mug",
  "teleport to studio",
  "move mug to box",
];

const act = (command: string): string =>
  `<think>So.</think>\n<action>${command}</action>`;

Deno.test("a laboratory answers to what can be done, and to nothing else", () => {
  const laboratory = new Laboratory(GAME);
  const say = (command: string): string => laboratory.step(command);
  const no = "No known action matches that input.";
  assertEquals(say("look around"), no);
  assertEquals(
    say("teleport to studio"),
    "You teleport to the studio. In it, you see a mug, a ring.",
  );
  assertEquals(say("teleport to moon"), no);
  assertEquals(say("open studio"), no);
  assertEquals(say("use stove on mug"), no);
  assertEquals(say("move mug to box"), no);
  assertEquals(say("focus on mug"), "You focus on the mug.");
  assertEquals(say("pick up mug"), "You move the mug to the inventory.");
  assertEquals(say("pick up ring"), no);
  assertEquals(say("look around"), "In it, you see a ring.");
  assertEquals(
    say("teleport to kitchen"),
    "You teleport to the kitchen. In it, you see a stove.",
  );
  assertEquals(laboratory.possibleCommands(), [
    "teleport to kitchen",
    "teleport to studio",
    "use stove on mug",
    "move mug to box",
    "look around",
  ]);
  assertEquals(say("use stove on mug"), "The mug is now hot.");
  say("teleport to studio");
  assertEquals(laboratory.isWon(), false);
  assertEquals(say("move mug to box"), "You move the mug to the box.");
  assertEquals(laboratory.isWon(), true);
});

Deno.test("laboratoryTask() says the rooms and what is asked for", () => {
  assertEquals(
    laboratoryTask(GAME),
    "In the environment, there are several rooms: kitchen, studio.\n\nYour task is to heat a mug. First, focus on the mug. Then, move it to the box in the studio.",
  );
});

Deno.test("scienceworld.score() plays the turns again", async () => {
  const gold = JSON.stringify(GAME);
  const score = (commands: readonly string[]) =>
    scienceworld.score(commands.map(act), gold);
  assertEquals(await score(SOLUTION), { official: 1, lenient: 1 });
  const failure = async (commands: readonly string[]) =>
    (await score(commands)).failure;
  assertEquals(await failure(SOLUTION.slice(0, -1)), "not solved");
  assertEquals(await failure(SOLUTION.with(3, "jump")), "no known action");
  assertEquals(await failure(SOLUTION.toSpliced(4, 1)), "not solved");
  assertEquals(
    await failure(SOLUTION.toSpliced(1, 1, "focus on ring", "focus on mug")),
    "wrong focus",
  );
  const late = [...Array(8).fill("teleport to kitchen"), ...SOLUTION];
  assertEquals(await failure(late), "not solved");
  const plain = SOLUTION.map((command) => `Action: ${command}.`);
  assertEquals(await scienceworld.score(plain, gold), {
    official: 0,
    lenient: 1,
    failure: "no action",
  });
  await assertRejects(() => scienceworld.score([], gold), RangeError, "a turn");
});

Deno.test("an episode ends when solved, when lost, and after its turns", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/test.jsonl`,
      JSON.stringify({ id: "0", game: GAME }),
    );
    const [task] = await scienceworld.load(folder, "test");
    assertEquals(task.id, "scienceworld/test/0");
    assertEquals(task.demonstration, []);
    const environment = (await scienceworld.openEnvironments!(folder))(task);
    const play = async (commands: readonly string[]): Promise<string> => {
      await environment.reset({ seed: 0 });
      for (const [i, command] of commands.entries()) {
        const step = await environment.step(act(command));
        if (step.terminated) return `${step.reward} after ${i + 1}`;
        if (step.truncated) return `given up after ${i + 1}`;
      }
      return "open";
    };
    assertEquals(await play(SOLUTION), "1 after 7");
    assertEquals(
      await play(["teleport to studio", "focus on ring"]),
      "0 after 2",
    );
    assertEquals(await play(Array(9).fill("look around")), "given up after 8");
  });
});

Deno.test("scienceworld.load() says that ScienceWorld itself cannot be read", async () => {
  await withFolder(async (folder) => {
    await assertRejects(
      () => scienceworld.load(folder, "test"),
      Deno.errors.NotFound,
      "make-twin --benchmark scienceworld",
    );
    await Deno.writeTextFile(`${folder}/test.jsonl`, `{"id": "0", "game": {}}`);
    await assertRejects(
      () => scienceworld.load(folder, "test"),
      TypeError,
      'column "game"',
    );
    for (
      const change of [
        { maxTurns: 0 },
        { goal: { ...GAME.goal, state: "wet" } },
      ]
    ) {
      const row = { id: "0", game: { ...GAME, ...change } };
      await Deno.writeTextFile(`${folder}/test.jsonl`, JSON.stringify(row));
      await assertRejects(
        () => scienceworld.load(folder, "test"),
        TypeError,
        'column "game" must be a struct of',
      );
    }
    const says = (value: string): Promise<void> =>
      Deno.writeTextFile(
        `${folder}/train.jsonl`,
        JSON.stringify({
          id: "0",
          game: GAME,
          conversations: [
            { from: "human", value: "room" },
            { from: "gpt", value },
          ],
        }),
      );
    await says("Thought: My Action: failed.\nAction: look around");
    const [task] = await scienceworld.load(folder, "train");
    assertEquals(
      task.demonstration[0].content,
      "<think>My Action: failed.</think>\n<action>look around</action>",
    );
    await says("I look around.");
    await assertRejects(
      () => scienceworld.load(folder, "train"),
      SyntaxError,
      'Cannot read scienceworld/train/0 as each turn of gpt must have "Action:"',
    );
  });
});
