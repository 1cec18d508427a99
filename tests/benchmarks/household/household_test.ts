import { assertEquals, assertRejects } from "@std/assert";
import { type Game, readGame } from "@/lib/benchmarks/household/game.ts";
import { Household } from "@/lib/benchmarks/household/household.ts";
import { nameThings } from "@/lib/benchmarks/household/names.ts";
import { taskTypeOf } from "@/lib/benchmarks/household/goal.ts";
import { withFolder } from "../../folder.ts";

const GAMES = "tests/benchmarks/fixtures/alfworld/json_2.1.1";
const PATHS = {
  put: "train/pick_and_place_simple-Spoon-None-DiningTable-1",
  clean: "train/pick_clean_then_place_in_recep-Mug-None-Fridge-1",
  heat: "valid_seen/pick_heat_then_place_in_recep-Apple-None-CounterTop-1",
  cool: "valid_unseen/pick_cool_then_place_in_recep-Potato-None-CounterTop-1",
  look: "valid_unseen/look_at_obj_in_light-Book-None-DeskLamp-301",
  two: "valid_unseen/pick_two_obj_and_place-CD-None-Desk-301",
};

async function game(kind: keyof typeof PATHS): Promise<Game> {
  return (await readGame(`${GAMES}/${PATHS[kind]}/trial_1/game.tw-pddl`))!.game;
}

/** What a household says to each command. */
function tell(game: Game, commands: readonly string[]): string[] {
  const household = new Household(game);
  return commands.map((command) => household.step(command));
}

Deno.test("a game of each kind is won by its walkthrough, and not before", async () => {
  const types: string[] = [];
  for (const kind of Object.keys(PATHS) as (keyof typeof PATHS)[]) {
    const path = `${GAMES}/${PATHS[kind]}/trial_1/game.tw-pddl`;
    const { game, walkthrough } = (await readGame(path))!;
    const household = new Household(game);
    const won = walkthrough.map((command) => {
      household.step(command);
      return household.isWon();
    });
    assertEquals(
      won,
      walkthrough.map((_, i) => i === walkthrough.length - 1),
    );
    types.push(taskTypeOf(game.goal));
  }
  assertEquals(new Set(types).size, 6);
});

// What TextWorld 1.7.0 with alfworld 0.4.2 says in the same games.
Deno.test("a household speaks as TextWorld does, in the grammar since 2.1.3", async () => {
  const clean = await game("clean");
  assertEquals(
    new Household(clean).room(),
    "You are in the middle of a room. Looking quickly around you, you see a cabinet 2, a cabinet 1, a countertop 1, a diningtable 1, a fridge 1, a microwave 1, and a sinkbasin 1.",
  );
  assertEquals(
    tell(clean, [
      "look",
      "go to countertop 1",
      "look",
      "take mug 2 from countertop 1",
      "inventory",
      "take butterknife 1 from countertop 1",
      "clean mug 2 with sinkbasin 1",
      "examine mug 2",
      "go to fridge 1",
      "move mug 2 to fridge 1",
      "open fridge 1",
      "put mug 2 in/on fridge 1",
      "close fridge 1",
      "inventory",
    ]),
    [
      "You are in the middle of a room. Looking quickly around you, you see nothing.",
      "You arrive at countertop 1. On the countertop 1, you see a butterknife 1, and a mug 2.",
      "You are facing the countertop 1, and sinkbasin 1. Next to it, you see nothing.",
      "You pick up the mug 2 from the countertop 1.",
      "You are carrying: a mug 2.",
      "Nothing happens.",
      "You clean the mug 2 using the sinkbasin 1.",
      "This is a normal mug 2. In it, you see nothing.",
      "You arrive at fridge 1. The fridge 1 is closed.",
      "Nothing happens.",
      "You open the fridge 1. The fridge 1 is open. In it, you see a apple 1.",
      "You move the mug 2 to the fridge 1.",
      "You close the fridge 1.",
      "You are not carrying anything.",
    ],
  );
});

Deno.test("a household speaks as TextWorld does, in the grammar before", async () => {
  assertEquals(
    tell(await game("heat"), [
      "go to fridge 1",
      "open fridge 1",
      "take apple 1 from fridge 1",
      "examine apple 1",
      "go to microwave 1",
      "heat apple 1 with microwave 1",
      "examine apple 1",
      "go to microwave 1",
      "go to diningtable 1",
      "move apple 1 to diningtable 1",
    ]),
    [
      "You arrive at loc 1. The fridge 1 is closed.",
      "You open the fridge 1. The fridge 1 is open. In it, you see a apple 1.",
      "You pick up the apple 1 from the fridge 1.",
      "This is a cold apple 1.",
      "You arrive at loc 3. The microwave 1 is closed.",
      "You heat the apple 1 using the microwave 1.",
      "This is a hot apple 1.",
      "Nothing happens.",
      "You arrive at loc 4. On the diningtable 1, you see nothing.",
      "You put the apple 1 in/on the diningtable 1.",
    ],
  );
});

Deno.test("a lamp stays on, and a thing in hand beside it wins", async () => {
  const household = new Household(await game("look"));
  const say = (command: string): string => household.step(command);
  say("go to desk 1");
  assertEquals(say("examine desklamp 1"), "Nothing happens.");
  assertEquals(say("take desklamp 1 from desk 1"), "Nothing happens.");
  assertEquals(say("use desklamp 1"), "You turn on the desklamp 1.");
  assertEquals(say("use desklamp 1"), "You turn on the desklamp 1.");
  say("go to bed 1");
  say("take book 1 from bed 1");
  assertEquals(household.isWon(), false);
  say("go to desk 1");
  assertEquals(household.isWon(), true);
});

Deno.test("two things must be in the same receptacle", async () => {
  const household = new Household(await game("two"));
  for (
    const command of [
      "go to shelf 1",
      "take cd 2 from shelf 1",
      "go to drawer 2",
      "open drawer 2",
      "put cd 2 in/on drawer 2",
    ]
  ) household.step(command);
  assertEquals(household.isWon(), false);
  household.step("open drawer 1");
  household.step("take cd 1 from drawer 1");
  household.step("go to desk 1");
  household.step("put cd 1 in/on desk 1");
  assertEquals(household.isWon(), false);
  household.step("go to drawer 2");
  household.step("take cd 2 from drawer 2");
  household.step("go to desk 1");
  household.step("put cd 2 in/on desk 1");
  assertEquals(household.isWon(), true);
});

Deno.test("possibleCommands() are those that do something", async () => {
  const household = new Household(await game("cool"));
  assertEquals(household.possibleCommands(), [
    "go to cabinet 1",
    "go to cabinet 2",
    "go to countertop 1",
    "go to diningtable 1",
    "go to fridge 1",
    "go to microwave 1",
    "go to sinkbasin 1",
    "help",
    "inventory",
    "look",
  ]);
  household.step("go to countertop 1");
  household.step("take mug 2 from countertop 1");
  assertEquals(
    household.possibleCommands().filter((text) => !text.startsWith("go to")),
    [
      "clean mug 2 with sinkbasin 1",
      "examine countertop 1",
      "examine mug 2",
      "examine sinkbasin 1",
      "help",
      "inventory",
      "look",
      "move mug 2 to countertop 1",
      "move mug 2 to sinkbasin 1",
    ],
  );
});

Deno.test("nameThings() numbers by sorted id, from the last number down", () => {
  const names = nameThings([
    "mug_bar_b",
    "mug_bar_a",
    "sink_bar_a_bar_sinkbasin",
    "agent1",
  ]);
  assertEquals(
    ["mug_bar_a", "mug_bar_b", "sink_bar_a_bar_sinkbasin"].map((id) =>
      names.get(id)!.name
    ),
    ["mug 2", "mug 1", "sinkbasin 1"],
  );
});

Deno.test("readGame() refuses what is not a game", async () => {
  await assertRejects(
    () => readGame("none/game.tw-pddl"),
    Deno.errors.NotFound,
    "none/game.tw-pddl",
  );
  await withFolder(async (folder) => {
    const path = `${folder}/game.tw-pddl`;
    const write = (value: unknown): Promise<void> =>
      Deno.writeTextFile(path, JSON.stringify(value));
    await Deno.writeTextFile(path, "(define");
    await assertRejects(() => readGame(path), SyntaxError, "must be a JSON");
    const solvable = true;
    await write({ solvable, grammar: "Your task is to: x.", pddl_problem: 3 });
    await assertRejects(() => readGame(path), TypeError, '"pddl_problem"');
    await write({ solvable, grammar: "UNKNOWN", pddl_problem: "(define)" });
    await assertRejects(() => readGame(path), SyntaxError, "its grammar");
    const whole = JSON.parse(
      await Deno.readTextFile(
        `${GAMES}/${PATHS.put}/trial_1/game.tw-pddl`,
      ),
    );
    await write({ ...whole, max_turns: 0 });
    await assertRejects(() => readGame(path), TypeError, '"max_turns"');
    await write({ ...whole, walkthrough: null });
    await assertRejects(
      () => readGame(path),
      TypeError,
      '"walkthrough" must be a list of text: current value is null',
    );
  });
});

Deno.test("readGame() looks at nothing else in a game that is not solvable", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/game.tw-pddl`;
    for (const solvable of [false, undefined]) {
      const game = { solvable, grammar: "UNKNOWN", "pddl_problem": "(define" };
      await Deno.writeTextFile(path, JSON.stringify(game));
      assertEquals(await readGame(path), undefined);
    }
  });
});
