import { assert, assertEquals } from "@std/assert";
import { failureLabel } from "@/lib/benchmarks/mod.ts";
import { alfworldTwin } from "@/lib/benchmarks/twins/alfworld_twin.ts";
import { alfworldDialect } from "@/lib/benchmarks/twins/alfworld_dialect.ts";
import { HOUSEHOLD_WORLD } from "@/lib/benchmarks/twins/alfworld_pddl.ts";
import { agentPolicy } from "@/lib/benchmarks/twins/episode_policy.ts";
import {
  type Homes,
  readHomes,
  worldHomes,
} from "@/lib/benchmarks/twins/homes.ts";
import {
  play,
  type Policy,
  scienceworldTwin,
} from "@/lib/benchmarks/twins/mod.ts";
import { seededRandom } from "@/lib/random.ts";

function believer(homes: Homes): Policy {
  return agentPolicy({
    dialect: alfworldDialect,
    world: HOUSEHOLD_WORLD,
    homes,
    random: seededRandom("believer"),
  });
}

Deno.test("the ALFWorld twin's notes are all that one must know", async () => {
  for (const world of ["own", "redrawn"] as const) {
    for (let i = 0; i < 40; i++) {
      const noted = alfworldTwin.noted(world, i, i % 4);
      const [{ content }] = noted.task.messages;
      const policy = believer(readHomes(content));
      const { score } = await play(alfworldTwin, noted, policy);
      assertEquals(score.official, 1, noted.task.id);
    }
  }
});

Deno.test("the ALFWorld twin's controls: what was learned of the world hurts", async () => {
  const policy = believer(worldHomes(HOUSEHOLD_WORLD));
  const [oracle, ignorant] = alfworldTwin.policies();
  for (const control of ["permuted skin", "shifted facts"]) {
    const solved = { learned: 0, oracle: 0, ignorant: 0 };
    for (let i = 0; i < 60; i++) {
      const problem = alfworldTwin.controls[control]("test", i);
      const random = seededRandom("control", i);
      const wins = async (policy: Policy): Promise<number> =>
        (await play(alfworldTwin, problem, policy)).score.official;
      solved.learned += await wins(policy);
      solved.oracle += await wins(oracle.start(problem, random));
      solved.ignorant += await wins(ignorant.start(problem, random));
    }
    assertEquals(solved.oracle, 60);
    if (control === "shifted facts") assert(solved.learned < solved.ignorant);
    assert(solved.learned < 30, `${control}: ${solved.learned}`);
  }
});

Deno.test("the embodied twins' permuted skin is the same game under other names", () => {
  for (const twin of [alfworldTwin, scienceworldTwin]) {
    const names = new Map<string, string>();
    for (let i = 0; i < 40; i++) {
      const plain = twin.problem("test", i);
      const skin = twin.controls["permuted skin"]("test", i);
      const [[kind, thing, where], [otherKind, other, there]] = [plain, skin]
        .map(({ signature }) => signature.split(":"));
      assertEquals([otherKind, there], [kind, where]);
      assertEquals(names.get(thing) ?? other, other);
      names.set(thing, other);
      assertEquals(skin.homes[other], plain.homes[thing]);
      assertEquals(skin.conversation.length, plain.conversation.length);
    }
    assertEquals(new Set(names.values()).size, names.size);
    assert([...names].some(([thing, other]) => thing !== other));
  }
});

Deno.test("two training episodes put together by rote win most games", async () => {
  for (const twin of [alfworldTwin, scienceworldTwin]) {
    const rote = twin.policies().find(({ kind }) => kind === "rote")!;
    let solved = 0;
    for (let i = 0; i < 30; i++) {
      const problem = twin.problem("test", i);
      const policy = rote.start(problem, seededRandom("rote"));
      solved += (await play(twin, problem, policy)).score.official;
    }
    assert(solved > 20, `${twin.benchmark.name}: ${solved}`);
  }
});

Deno.test("the format-only control has the form, and solves nothing", async () => {
  let solved = 0;
  for (let i = 0; i < 30; i++) {
    const { task } = alfworldTwin.controls["format only"]("train", i);
    const { task: worked } = alfworldTwin.problem("train", i);
    assert(task.demonstration.length <= worked.demonstration.length);
    const turns = task.demonstration.map(({ content }) => content)
      .filter((_, i) => i % 2 === 0);
    for (const turn of turns) {
      assert(/^<think>I [^<]+\.<\/think>\n<action>[^<]+<\/action>$/.test(turn));
      assert(!turn.includes("help"));
    }
    const score = await alfworldTwin.benchmark.score(turns, task.gold);
    solved += score.official;
  }
  assert(solved < 2);
});

Deno.test("a run cut short before its last turn has but a planning failure", async () => {
  const [oracle] = alfworldTwin.policies();
  for (let i = 0; i < 60; i++) {
    const problem = alfworldTwin.problem("test", i);
    const policy = oracle.start(problem, seededRandom("cut"));
    const { chat } = await play(alfworldTwin, problem, policy);
    const cut = chat.slice(0, -2);
    const last = cut.filter(({ role }) => role === "assistant").length - 1;
    assertEquals(alfworldTwin.failureEvents(problem, cut), [
      { turn: last, label: "planning failure" },
    ]);
  }
});

Deno.test("failureEvents() reads what a turn says, believes and does", () => {
  const index = Array.from({ length: 134 }, (_, i) => i).find((i) =>
    alfworldTwin.problem("test", i).signature.startsWith("heat:")
  )!;
  const problem = alfworldTwin.problem("test", index);
  const [, thing, where] = problem.signature.split(":");
  const home = problem.homes[thing];
  const label = (thought: string, action: string): string =>
    failureLabel(alfworldTwin.failureEvents(problem, [
      ...problem.task.messages,
      {
        role: "assistant",
        content: `<think>${thought}</think>\n<action>${action}</action>`,
      },
    ]));
  const go = `go to ${home} 1`;
  const cases = [
    [
      `I need a hot ${thing}, for the ${where}. I ${go}.`,
      go,
      "planning failure",
    ],
    [
      `I need a cool ${thing}, for the ${where}. I ${go}.`,
      go,
      "demand misunderstanding",
    ],
    [`I need two ${thing}, for the lamp. I ${go}.`, go, "false belief"],
    [`A ${thing} is kept in the ${where}. I ${go}.`, go, "false belief"],
    [`I see ${thing} 1. I ${go}.`, go, "false belief"],
    [`I have ${thing} 1. I ${go}.`, go, "false belief"],
    [`It is closed. I ${go}.`, go, "false belief"],
    [`It is hot. I ${go}.`, go, "false belief"],
    [`I go to attic 1.`, "go to attic 1", "false belief"],
    [`I ${go}.`, `go to ${where} 1`, "think-act inconsistency"],
    [`I ${go}.`, "walk", "tool parsing error"],
  ];
  for (const [thought, action, expected] of cases) {
    assertEquals(label(thought, action), expected, thought);
  }
});
