import { assert, assertEquals } from "@std/assert";
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
import { scienceworldDialect } from "@/lib/benchmarks/twins/scienceworld_dialect.ts";
import { LABORATORY_WORLD } from "@/lib/benchmarks/twins/scienceworld_problem.ts";
import { seededRandom } from "@/lib/random.ts";

function believer(homes: Homes): Policy {
  return agentPolicy({
    dialect: scienceworldDialect,
    world: LABORATORY_WORLD,
    homes,
    random: seededRandom("believer"),
  });
}

Deno.test("the ScienceWorld twin's notes are all that one must know", async () => {
  for (const world of ["own", "redrawn"] as const) {
    for (let i = 0; i < 40; i++) {
      const noted = scienceworldTwin.noted(world, i, i % 4);
      const [{ content }] = noted.task.messages;
      const policy = believer(readHomes(content));
      const { score } = await play(scienceworldTwin, noted, policy);
      assertEquals(score.official, 1, noted.task.id);
    }
  }
});

Deno.test("the ScienceWorld twin's shifted homes: what was learned hurts", async () => {
  const policy = believer(worldHomes(LABORATORY_WORLD));
  const [, ignorant] = scienceworldTwin.policies();
  const solved = { learned: 0, ignorant: 0 };
  for (let i = 0; i < 60; i++) {
    const problem = scienceworldTwin.controls["shifted facts"]("test", i);
    const random = seededRandom("control", i);
    const guess = ignorant.start(problem, random);
    solved.learned += (await play(scienceworldTwin, problem, policy))
      .score.official;
    solved.ignorant += (await play(scienceworldTwin, problem, guess))
      .score.official;
  }
  assert(solved.learned < solved.ignorant, JSON.stringify(solved));
});
