/** What the twins of ALFWorld and ScienceWorld have in common. */
import {
  type Random,
  randomChoice,
  randomInt,
  seededRandom,
  shuffled,
} from "../../random.ts";
import type { FailureEvent } from "../failures.ts";
import type { Message, Split, Task } from "../task.ts";
import { drillLookUps } from "./drills.ts";
import type { EpisodeForm } from "./episode_form.ts";
import { episodeFailures } from "./episode_failures.ts";
import { EPISODE_INJECTORS } from "./episode_injectors.ts";
import { agentOf, anyCommand, episodePolicies } from "./episode_policies.ts";
import { episodeSegments, type NotesPlace } from "./episode_practice.ts";
import {
  type EpisodeProblem,
  notedTask,
  withDemonstration,
} from "./episode_problem.ts";
import {
  drawHomes,
  drawHomesAround,
  homeNotes,
  type Homes,
  homesToLookUp,
  knownHomes,
  shiftedHomes,
  thingSkin,
  worldHomes,
} from "./homes.ts";
import { named, once } from "./single_turn.ts";
import type { NotedWorld, Policy, Segments, Twin } from "./twin.ts";

/** Shares of the samples of practice: notes, first turns, small games. */
const SHARES = { lookUps: 0.25, firstTurns: 0.25, small: 0.25 };
/** Notes of a sample that only looks them up, at most. */
const MOST_NOTES = 5;
/** Share of the samples that carry the facts they need as notes. */
const NOTED_SHARE = 0.8;
/** Notes that are not needed, at most. */
const MOST_DISTRACTORS = 3;

/** The twin of a form. */
export function makeEpisodeTwin<P extends EpisodeProblem>(
  form: EpisodeForm<P>,
): Twin<P> {
  const { benchmark, world, sizes, further, trainingSizes, maxTokens, about } =
    form;
  const inWorld = (homes: Homes) => (split: Split, index: number): P =>
    splitProblem(form, homes, split, index);
  const problem = inWorld(worldHomes(world));
  const inShiftedWorld = inWorld(shiftedHomes(world));
  const episodes = once(() =>
    Array.from({ length: sizes.train }, (_, i) => problem("train", i))
  );
  return {
    benchmark,
    world: world.name,
    known: { facts: knownHomes(world).size, of: world.things.length },
    sizes,
    further,
    trainingSizes,
    maxTokens,
    about,
    problem,
    write: (folder) => form.write(folder, problem),
    policies: () => episodePolicies(form, episodes),
    noted: (whose, index, distractors = 0) =>
      noted(form, whose, index, distractors),
    practise: (random) => practise(form, random),
    failureEvents: ({ task }, chat) => failureEvents(form, task, chat),
    injectors: Object.fromEntries(
      Object.entries(EPISODE_INJECTORS).map(([label, inject]) => [
        label,
        ({ homes, conversation }: P, random: Random): Policy =>
          inject({
            ...agentOf(form, homes, random),
            turns: conversation.length / 2,
          }),
      ]),
    ),
    controls: {
      "permuted skin": (split, index) =>
        named(
          splitProblem(form, worldHomes(world), split, index, thingSkin(world)),
          "skin",
        ),
      "shifted facts": (split, index) =>
        named(inShiftedWorld(split, index), "shifted"),
      "format only": (split, index) =>
        named(formatOnly(form, problem(split, index)), "format"),
    },
    makeEnvironment: ({ task }) => form.makeEnvironment(task),
  };
}

/** The split that a kind belongs to: a fifth are the test's. */
function splitOf({ benchmark }: { benchmark: { name: string } }, kind: string) {
  const share = seededRandom(`${benchmark.name} twin`, "split", kind)();
  return share < 0.2 ? "test" : share < 0.3 ? "valid" : "train";
}

/** A problem of a split, in a world; only the test has no demonstration. */
function splitProblem<P extends EpisodeProblem>(
  form: EpisodeForm<P>,
  homes: Homes,
  split: Split,
  index: number,
  rename?: (thing: string) => string,
): P {
  const random = seededRandom(`${form.benchmark.name} twin`, split, index);
  const drawn = form.draw(random, {
    homes,
    rename,
    accepts: (kind) => splitOf(form, kind) === split,
    split,
    index,
  });
  return split === "test" ? drawn : withDemonstration(drawn);
}

function noted<P extends EpisodeProblem>(
  form: EpisodeForm<P>,
  whose: NotedWorld,
  index: number,
  distractors: number,
): P {
  const { benchmark: { name }, world } = form;
  const random = seededRandom(`${name} twin`, "notes", whose, index);
  const homes = whose === "own" ? worldHomes(world) : drawHomes(world, random);
  const drawn = withDemonstration(form.draw(random, {
    homes,
    accepts: (kind) => splitOf(form, kind) === "test",
    split: "test",
    index,
  }));
  const others = otherFacts(form, random, drawn.facts).slice(0, distractors);
  const facts = shuffled(random, [...drawn.facts, ...others]);
  const notes = homeNotes(world, homes, facts);
  const id = `${name}-notes/${whose}/${index}`;
  return { ...drawn, task: notedTask(drawn.task, id, notes) };
}

function otherFacts<P extends EpisodeProblem>(
  { world }: EpisodeForm<P>,
  random: Random,
  facts: readonly string[],
): string[] {
  return shuffled(random, world.things)
    .filter((thing) => !facts.includes(thing));
}

function practise<P extends EpisodeProblem>(
  form: EpisodeForm<P>,
  random: Random,
): Segments {
  const { world } = form;
  const kind = random();
  if (kind < SHARES.lookUps) {
    return drillLookUps(random, MOST_NOTES, [homesToLookUp(world)]);
  }
  const place: NotesPlace = random() >= NOTED_SHARE
    ? "nowhere"
    : randomChoice(random, ["prompt", "prompt", "answer", "line"] as const);
  // What notes say holds, even of facts that are known otherwise.
  const homes = place === "nowhere"
    ? drawHomesAround(world, random)
    : drawHomes(world, random);
  const isShort = kind < SHARES.lookUps + SHARES.firstTurns;
  const isSmall = kind < SHARES.lookUps + SHARES.firstTurns + SHARES.small;
  const { conversation, facts } = form.draw(random, {
    homes,
    accepts: () => true,
    isSmall: isSmall && !isShort,
    split: "train",
    index: 0,
  });
  const others = otherFacts(form, random, facts)
    .slice(0, randomInt(random, MOST_DISTRACTORS + 1));
  const turns = isShort ? 1 : conversation.length / 2;
  return episodeSegments(
    { chat: conversation, turns, place, homes, facts, others },
    world,
    random,
  );
}

function failureEvents<P extends EpisodeProblem>(
  form: EpisodeForm<P>,
  task: Task,
  chat: readonly Message[],
): FailureEvent[] {
  const kept = form.kept(task);
  return episodeFailures(chat, {
    dialect: form.dialect,
    isKept: (thing, place) => kept.has(`${thing} ${place}`),
    solves: (commands) => form.solves(task, commands),
  });
}

/**
 * The problem with a demonstration that is right in form alone, and has at most
 * as many turns as the worked one.
 */
function formatOnly<P extends EpisodeProblem>(
  form: EpisodeForm<P>,
  problem: P,
): P {
  const { task } = problem;
  const worked = withDemonstration(problem).task.demonstration;
  const random = seededRandom("form", task.id);
  // What help says is as long as a whole game.
  const policy = anyCommand(form, task, random, (each) => each !== "help");
  const environment = form.makeEnvironment(task);
  const demonstration: Message[] = [];
  for (;;) {
    const content = policy([]);
    demonstration.push({ role: "assistant", content });
    const step = environment.step(content);
    const hasAll = demonstration.length >= worked.length;
    if (hasAll || step.terminated || step.truncated) break;
    demonstration.push({ role: "user", content: step.observation });
  }
  return { ...problem, task: { ...task, demonstration } };
}
