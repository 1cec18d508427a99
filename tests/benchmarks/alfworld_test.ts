import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { alfworld, makeAlfworld } from "@/lib/benchmarks/alfworld.ts";
import {
  lenientAction,
  readAction,
  turnText,
} from "@/lib/benchmarks/alfworld_prompts.ts";
import { withoutArrival } from "@/lib/benchmarks/alfworld_environment.ts";
import { withFolder } from "../folder.ts";

const FOLDER = "tests/benchmarks/fixtures/alfworld";
const COOL = [
  "go to microwave 1",
  "open microwave 1",
  "take potato 1 from microwave 1",
  "go to fridge 1",
  "cool potato 1 with fridge 1",
  "go to countertop 1",
  "move potato 1 to countertop 1",
];

const act = (command: string): string => turnText("So.", command, "tags");

Deno.test("alfworld.load() reads games for the test, in the order of their paths", async () => {
  const tasks = await alfworld.load(FOLDER, "test");
  assertEquals(tasks.map(({ id, meta }) => [id, meta.type]), [
    ["alfworld/valid_unseen/0", "look_at_obj_in_light"],
    ["alfworld/valid_unseen/1", "pick_cool_then_place_in_recep"],
    ["alfworld/valid_unseen/2", "pick_two_obj_and_place"],
  ]);
  const [system, user] = tasks[1].messages;
  assertEquals(system.role, "system");
  assert(system.content.includes("\n4. move a to b.  \n5. clean"));
  assertEquals(user, {
    role: "user",
    content:
      "You are in the middle of a room. Looking quickly around you, you see a cabinet 2, a cabinet 1, a countertop 1, a diningtable 1, a fridge 1, a microwave 1, and a sinkbasin 1.\n\nYour task is to: put a cool potato in countertop.",
  });
  assertEquals(tasks[1].demonstration, []);
  assertEquals((await alfworld.load(FOLDER, "valid")).length, 1);
  // An old game keeps the words of LatentMem's prompt.
  assert(tasks[2].messages[0].content.includes("\n4. put a in/on b.  \n"));
});

Deno.test("alfworld.load() reads AgentBank's conversations, in the words of their games", async () => {
  const [spoon, mug] = await alfworld.load(FOLDER, "train");
  assertEquals(spoon.demonstration.map(({ content }) => content), [
    "<think>A spoon may be in the sink.</think>\n<action>go to sinkbasin 1</action>",
    "On the sinkbasin 1, you see a spoon 1.",
    "<think>There it is.</think>\n<action>take spoon 1 from sinkbasin 1</action>",
    "You pick up the spoon 1 from the sinkbasin 1.",
    "<think>Now to the table.</think>\n<action>go to diningtable 1</action>",
    "On the diningtable 1, you see nothing.",
    "<think>I place it.</think>\n<action>put spoon 1 in/on diningtable 1</action>",
  ]);
  const contents = mug.demonstration.map(({ content }) => content);
  assertEquals(
    contents[0],
    "<think>I need a mug.\nFirst I look around.</think>\n<action>go to countertop 1</action>",
  );
  assertEquals(
    contents[1],
    "On the countertop 1, you see a butterknife 1,\nand a mug 2.",
  );
  assertEquals(
    contents[10],
    "<think>In it goes.</think>\n<action>move mug 2 to fridge 1</action>",
  );
  assertEquals(contents[11], "You move the mug 2 to the fridge 1.");
  for (const { demonstration, gold } of [spoon, mug]) {
    const turns = demonstration.filter(({ role }) => role === "assistant");
    const { official } = await alfworld.score(
      turns.map(({ content }) => content),
      gold,
    );
    assertEquals(official, 1);
  }
});

Deno.test("AgentBank's style has its instruction, and marks what is observed", async () => {
  const thoughts = makeAlfworld({ style: "thoughts", maxTurns: 40 });
  const [spoon] = await thoughts.load(FOLDER, "train");
  assertEquals(spoon.messages.map(({ role }) => role), [
    "user",
    "assistant",
    "user",
  ]);
  assert(spoon.messages[0].content.includes("\n3. put {obj} in/on {recep}\n"));
  assertEquals(
    spoon.demonstration[1].content,
    "Observation: On the sinkbasin 1, you see a spoon 1.",
  );
  assertEquals(
    spoon.demonstration[0].content,
    "Thought: A spoon may be in the sink.\nAction: go to sinkbasin 1",
  );
  assertEquals(thoughts.maxTurns, 40);
});

Deno.test("an episode ends when the task is solved", async () => {
  const [, cool] = await alfworld.load(FOLDER, "test");
  const open = await alfworld.openEnvironments!(FOLDER);
  const environment = open(cool);
  for (const seed of [0, 1]) {
    assertEquals(await environment.reset({ seed }), cool.messages);
    for (const [i, command] of COOL.entries()) {
      const isLast = i === COOL.length - 1;
      const step = await environment.step(act(command));
      assertEquals(step.terminated, isLast);
      assertEquals(step.reward, isLast ? 1 : 0);
      assertEquals(step.truncated, false);
      if (i === 0) assertEquals(step.observation, "The microwave 1 is closed.");
    }
  }
});

Deno.test("an episode is given up after its turns, and a turn without an action is one", async () => {
  const short = makeAlfworld({ maxTurns: 2 });
  const [, cool] = await short.load(FOLDER, "test");
  const environment = (await short.openEnvironments!(FOLDER))(cool);
  await environment.reset({ seed: 0 });
  assertEquals(await environment.step("go to microwave 1"), {
    observation: "Nothing happens.",
    reward: 0,
    terminated: false,
    truncated: false,
  });
  const { truncated } = await environment.step(act(COOL[0]));
  assertEquals(truncated, true);
  assertEquals(await short.score(COOL.map(act), cool.gold), {
    official: 0,
    lenient: 0,
    failure: "not solved",
  });
});

Deno.test("alfworld.score() plays the turns again, both grammars alike", async () => {
  const [, { gold }] = await alfworld.load(FOLDER, "test");
  const score = (commands: readonly string[]) =>
    alfworld.score(commands.map(act), gold);
  assertEquals(await score(COOL), { official: 1, lenient: 1 });
  const put = "put potato 1 in/on countertop 1";
  assertEquals(await score(COOL.with(-1, put)), { official: 1, lenient: 1 });
  assertEquals(await score(COOL.slice(0, -1)), {
    official: 0,
    lenient: 0,
    failure: "not solved",
  });
  assertEquals(
    (await score(COOL.with(4, "heat potato 1 with fridge 1"))).failure,
    "nothing happens",
  );
  // The cool thing first grew hot again.
  const hot = COOL.toSpliced(
    5,
    0,
    "go to microwave 1",
    "heat potato 1 with microwave 1",
  );
  assertEquals((await score(hot)).official, 0);
  await assertRejects(() => alfworld.score([], gold), RangeError, "a turn");
});

Deno.test("alfworld.score() is lenient about form", async () => {
  const [, { gold }] = await alfworld.load(FOLDER, "test");
  const turns = COOL.map((command) => `I think.\nAction: ${command}.`);
  assertEquals(await alfworld.score(turns, gold), {
    official: 0,
    lenient: 1,
    failure: "no action",
  });
});

Deno.test("alfworld.score() takes words that no game reads for lenient alone", async () => {
  const [, { gold }] = await alfworld.load(FOLDER, "test");
  const score = (last: string) =>
    alfworld.score(COOL.with(-1, last).map(act), gold);
  for (const word of ["in/on", "in"]) {
    const isRead = word === "in/on";
    assertEquals(await score(`put potato 1 ${word} countertop 1`), {
      official: isRead ? 1 : 0,
      lenient: 1,
      ...isRead ? {} : { failure: "nothing happens" },
    });
  }
});

Deno.test("readAction() takes the first action of a turn", () => {
  const turn = "<think>a</think>\n<action> look </action><action>help</action>";
  assertEquals(readAction(turn, "tags"), "look");
  assertEquals(readAction("<action>look", "tags"), undefined);
  assertEquals(readAction("Thought: a\nAction: look\n", "thoughts"), "look");
  assertEquals(readAction("look", "thoughts"), undefined);
});

Deno.test("lenientAction() reads other forms of a command", () => {
  assertEquals(lenientAction("Action: Go to desk 1."), "go to desk 1");
  assertEquals(lenientAction("<action>look"), "look");
  assertEquals(lenientAction("I am lost.\ninventory"), "inventory");
  assertEquals(lenientAction("I go to desk 1."), undefined);
  assertEquals(
    lenientAction("Action: put mug 1 on desk 1"),
    "move mug 1 to desk 1",
  );
  assertEquals(lenientAction("Action: toggle lamp 1 desk 1"), "use lamp 1");
});

Deno.test("withoutArrival() leaves out both grammars' words", () => {
  assertEquals(withoutArrival("You arrive at loc 3. On x."), "On x.");
  assertEquals(withoutArrival("You arrive at desk 1. On x."), "On x.");
  assertEquals(
    withoutArrival("You open the x. On x."),
    "You open the x. On x.",
  );
});

Deno.test("alfworld.load() names what is missing or wrong", async () => {
  assertThrows(() => makeAlfworld({ maxTurns: 0 }), RangeError, "maxTurns");
  await withFolder(async (folder) => {
    await assertRejects(
      () => alfworld.load(folder, "test"),
      Deno.errors.NotFound,
      "json_2.1.1/valid_unseen/*/*/game.tw-pddl of ALFWorld (alfworld-download)",
    );
    await assertRejects(
      () => alfworld.load(folder, "train"),
      Deno.errors.NotFound,
      "Solaris99/AgentBank",
    );
    const [look] = await alfworld.load(FOLDER, "test");
    const from = `${FOLDER}/${look.meta.game}`;
    const file = JSON.parse(await Deno.readTextFile(from));
    const put = async (kind: string, change: object): Promise<void> => {
      const at = `${folder}/json_2.1.1/valid_unseen/${kind}/trial_1`;
      await Deno.mkdir(at, { recursive: true });
      const text = JSON.stringify({ ...file, ...change });
      await Deno.writeTextFile(`${at}/game.tw-pddl`, text);
    };
    await put("a", {});
    await put("movable", {});
    await put("AppleSliced", {});
    await put("b", { solvable: false });
    // Nearly half of the folders that are downloaded have no game.
    await Deno.mkdir(`${folder}/json_2.1.1/valid_unseen/b/trial_2`);
    assertEquals((await alfworld.load(folder, "test")).length, 1);
    await put("a", { solvable: undefined });
    await assertRejects(
      () => alfworld.load(folder, "test"),
      RangeError,
      `Cannot load alfworld test as a game in ${folder}/json_2.1.1/valid_unseen must say that it is solvable: current value is none of 2`,
    );
    await Deno.mkdir(`${folder}/alfworld`);
    await Deno.writeTextFile(
      `${folder}/alfworld/train.jsonl`,
      JSON.stringify({
        id: "a",
        game_file: "json_2.1.1/valid_unseen/b/trial_1/game.tw-pddl",
        conversations: [
          { from: "human", value: "room" },
          { from: "gpt", value: "Action: look" },
        ],
      }),
    );
    await assertRejects(
      () => alfworld.load(folder, "train"),
      RangeError,
      "row 1 as its game must say that it is solvable: current value is json_2.1.1/valid_unseen/b/trial_1/game.tw-pddl",
    );
    await put("c", { walkthrough: undefined });
    await assertRejects(
      () => alfworld.load(folder, "test"),
      TypeError,
      '"walkthrough" must be a list of text: current value is absent',
    );
    await put("c", { walkthrough: ["look"] });
    await assertRejects(
      () => alfworld.load(folder, "test"),
      RangeError,
      "its walkthrough must win: current value is look",
    );
  });
});

Deno.test("alfworld.load() reads a game by its folder, and refuses conversations of another form", async () => {
  const row = JSON.parse(
    (await Deno.readTextFile(`${FOLDER}/alfworld/train.jsonl`)).split("\n")[0],
  );
  const withRow = (change: object, run: (folder: string) => Promise<void>) =>
    withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/alfworld`);
      await Deno.writeTextFile(
        `${folder}/alfworld/train.jsonl`,
        JSON.stringify({ ...row, ...change }),
      );
      await Deno.symlink(
        await Deno.realPath(`${FOLDER}/json_2.1.1`),
        `${folder}/json_2.1.1`,
      );
      await run(folder);
    });
  const refuse = (change: object, message: string): Promise<void> =>
    withRow(change, async (folder) => {
      await assertRejects(() => alfworld.load(folder, "train"), Error, message);
    });
  // The files of AgentBank's authors name a game by its folder.
  const folderOf = row.game_file.replace("/game.tw-pddl", "");
  for (const path of [folderOf, `${folderOf}/`]) {
    await withRow({ "game_file": path }, async (folder) => {
      const [task] = await alfworld.load(folder, "train");
      assertEquals(task.meta.game, row.game_file);
    });
  }
  await refuse({ "game_file": "elsewhere" }, "must be in json_2.1.1");
  await refuse({ "game_file": "json_2.1.1/train/x" }, "game of ALFWorld");
  await refuse(
    { "game_file": "json_2.1.1/train/look_at_obj_in_light/trial_1" },
    "game of ALFWorld",
  );
  const room = row.conversations[2];
  const says = (value: string): object => ({
    conversations: [room, { from: "gpt", value }],
  });
  await refuse(
    {
      conversations: [
        { ...room, value: room.value.replace("spoon", "mug") },
        { from: "gpt", value: "Action: look" },
      ],
    },
    'train.jsonl row 1 as its first message must end in the task of its game, "put a spoon in diningtable.": current value ends in',
  );
  await refuse(says("I do nothing."), 'must have "Action:"');
  await refuse(says("Thought: a\nAction: "), "and an action after it");
  await refuse(
    says("Thought: a\nAction: fly to the moon"),
    'train.jsonl row 1 as each action must be a command of ALFWorld: current value is "fly to the moon"',
  );
});
