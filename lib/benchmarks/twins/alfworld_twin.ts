/** The twin of ALFWorld: small households, in ALFWorld's files and words. */
import { dirname, join } from "node:path";
import {
  type Random,
  randomChoice,
  randomInt,
  seededRandom,
  shuffled,
} from "../../random.ts";
import { alfworld } from "../alfworld.ts";
import {
  HouseholdEnvironment,
  type HouseholdGold,
  replay,
} from "../alfworld_environment.ts";
import { turnText } from "../alfworld_prompts.ts";
import { Household } from "../household/household.ts";
import type { Message, Split, Task } from "../task.ts";
import { alfworldDialect } from "./alfworld_dialect.ts";
import {
  type AlfworldProblem,
  drawAlfworld,
  HOUSEHOLD_WORLD,
  type Request,
  requestName,
  withDemonstration,
} from "./alfworld_problem.ts";
import { readTurn } from "./episode.ts";
import { episodeFailures } from "./episode_failures.ts";
import { EPISODE_INJECTORS } from "./episode_injectors.ts";
import { agentPolicy } from "./episode_policy.ts";
import { drillLookUps } from "./drills.ts";
import { episodeSegments, type NotesPlace } from "./episode_practice.ts";
import {
  drawHomes,
  drawHomesAround,
  homeNotes,
  type Homes,
  homesToLookUp,
  permutedHomes,
  shiftedHomes,
  worldHomes,
} from "./homes.ts";
import type {
  NamedPolicy,
  NotedWorld,
  Policy,
  Segments,
  Twin,
} from "./twin.ts";

const WORLD = HOUSEHOLD_WORLD;
const HOMES = worldHomes(WORLD);

/** The split that a request belongs to: a fifth are the test's. */
export function requestSplit(request: Request): Split {
  const share = seededRandom("alfworld-twin", "split", requestName(request))();
  return share < 0.2 ? "test" : share < 0.3 ? "valid" : "train";
}

function problem(split: Split, index: number): AlfworldProblem {
  return problemIn(HOMES, split, index);
}

/** A problem of a split, in a world; only its test has no demonstration. */
function problemIn(
  homes: Homes,
  split: Split,
  index: number,
): AlfworldProblem {
  const drawn = drawAlfworld(seededRandom("alfworld-twin", split, index), {
    homes,
    accepts: (request) => requestSplit(request) === split,
    split,
    index,
  });
  return split === "test" ? drawn : withDemonstration(drawn);
}

/** Right in form, and at random in what it does. */
function formOnly(split: Split, index: number): AlfworldProblem {
  const drawn = problem(split, index);
  const random = seededRandom("alfworld-twin", "form", split, index);
  const policy = randomPolicy(drawn, random);
  const environment = makeEnvironment(drawn);
  const chat: Message[] = [];
  for (;;) {
    const content = policy(chat);
    chat.push({ role: "assistant", content });
    const step = environment.step(content);
    if (step.terminated || step.truncated) break;
    chat.push({ role: "user", content: step.observation });
  }
  return { ...drawn, task: { ...drawn.task, demonstration: chat } };
}

function noted(
  world: NotedWorld,
  index: number,
  distractors = 0,
): AlfworldProblem {
  const random = seededRandom("alfworld-twin", "notes", world, index);
  const homes = world === "own" ? HOMES : drawHomes(WORLD, random);
  const drawn = withDemonstration(drawAlfworld(random, {
    homes,
    accepts: (request) => requestSplit(request) === "test",
    split: "test",
    index,
  }));
  const { task, facts } = drawn;
  const notes = homeNotes(WORLD, homes, [
    ...shuffled(random, [...facts, ...otherFacts(random, facts, distractors)]),
  ]);
  const [first, ...rest] = task.messages;
  const messages = [{ ...first, content: `${notes}${first.content}` }, ...rest];
  const id = `alfworld-notes/${world}/${index}`;
  return { ...drawn, task: { ...task, id, messages } };
}

function otherFacts(
  random: Random,
  facts: readonly string[],
  count: number,
): string[] {
  return shuffled(random, WORLD.things)
    .filter((thing) => !facts.includes(thing)).slice(0, count);
}

/** Shares of the samples, of four kinds. */
const LOOK_UPS = 0.25;
const FIRST_TURNS = 0.25;
const SMALL_ROOMS = 0.25;
/** Notes of a sample that only looks them up, at most. */
const MOST_NOTES = 5;
/** Share of the samples that carry the facts they need as notes. */
const NOTED_SHARE = 0.8;
/** Notes that are not needed, at most. */
const MOST_DISTRACTORS = 3;

function practise(random: Random): Segments {
  const kind = random();
  if (kind < LOOK_UPS) {
    return drillLookUps(random, MOST_NOTES, [homesToLookUp(WORLD)]);
  }
  const place: NotesPlace = random() >= NOTED_SHARE
    ? "nowhere"
    : randomChoice(random, ["prompt", "prompt", "answer", "line"] as const);
  const homes = place === "nowhere"
    ? drawHomesAround(WORLD, random)
    : drawHomes(WORLD, random);
  const isShort = kind < LOOK_UPS + FIRST_TURNS;
  const isSmall = !isShort && kind < LOOK_UPS + FIRST_TURNS + SMALL_ROOMS;
  const { conversation, facts } = drawAlfworld(random, {
    homes,
    accepts: () => true,
    ...isSmall ? { places: 3 } : {},
    split: "train",
    index: 0,
  });
  const count = randomInt(random, MOST_DISTRACTORS + 1);
  return episodeSegments(
    {
      chat: conversation,
      ...isShort ? { turns: 1 } : {},
      place,
      homes,
      facts,
      others: otherFacts(random, facts, count),
    },
    WORLD,
    random,
  );
}

function makeEnvironment({ task }: AlfworldProblem): HouseholdEnvironment {
  return new HouseholdEnvironment(task.messages, goldOf(task), "tags");
}

function goldOf({ gold }: Task): HouseholdGold {
  return JSON.parse(gold);
}

function agent(homes: Homes, random: Random) {
  return { dialect: alfworldDialect, world: WORLD, homes, random };
}

function policies(): NamedPolicy<AlfworldProblem>[] {
  return [
    {
      name: "searcher that knows the homes",
      kind: "oracle",
      start: ({ homes }, random) => agentPolicy(agent(homes, random)),
    },
    {
      name: "searcher that guesses the homes",
      kind: "ignorant",
      start: (_, random) =>
        agentPolicy(agent(drawHomes(WORLD, random), random)),
    },
    {
      name: "any possible command",
      kind: "random",
      start: randomPolicy,
    },
    {
      name: "commands of a training episode with the same thing",
      kind: "shortcut",
      start: ({ signature }) =>
        replayed((other) =>
          other.split(":", 2).join() === signature.split(":", 2).join()
        ),
    },
    {
      name: "commands of a training episode with the same goal",
      kind: "shortcut",
      start: ({ signature }) => {
        const [kind, , where] = signature.split(":");
        return replayed((other) =>
          other.startsWith(`${kind}:`) && other.endsWith(`:${where}`)
        );
      },
    },
  ];
}

function randomPolicy(problem: AlfworldProblem, random: Random): Policy {
  const household = new Household(goldOf(problem.task).game);
  return () => {
    const command = randomChoice(random, household.possibleCommands());
    household.step(command);
    return turnText(`I ${command}.`, command, "tags");
  };
}

/** Training episodes that the shortcuts know. */
const REPLAYED = 400;
let episodes: { signature: string; turns: string[] }[] | undefined;

/** The turns of a training episode of an accepted kind, as they stand. */
function replayed(accepts: (signature: string) => boolean): Policy {
  episodes ??= Array.from({ length: REPLAYED }, (_, index) => {
    const { signature, conversation } = problem("train", index);
    const turns = conversation.filter(({ role }) => role === "assistant");
    return { signature, turns: turns.map(({ content }) => content) };
  });
  const episode = episodes.find(({ signature }) => accepts(signature));
  return (chat) => {
    const done = chat.filter(({ role }) => role === "assistant").length;
    return episode?.turns[done] ?? turnText("I look.", "look", "tags");
  };
}

/** Writes games, and AgentBank's conversations for training and validation. */
async function write(folder: string): Promise<void> {
  await Deno.mkdir(join(folder, "alfworld"), { recursive: true });
  for (const split of ["train", "valid", "test"] as const) {
    const rows: string[] = [];
    for (let index = 0; index < alfworldTwin.sizes[split]; index++) {
      const { task, gameFile, conversation } = problem(split, index);
      const path = String(task.meta.game);
      await Deno.mkdir(join(folder, dirname(path)), { recursive: true });
      await Deno.writeTextFile(join(folder, path), gameFile);
      rows.push(JSON.stringify({
        id: `${split}_${index}`,
        game_file: path,
        conversations: conversation.map(agentBankTurn),
      }));
    }
    if (split === "test") continue;
    const path = join(folder, "alfworld", `${split}.jsonl`);
    await Deno.writeTextFile(path, `${rows.join("\n")}\n`);
  }
}

function agentBankTurn(
  { role, content }: Message,
  index: number,
): { from: string; value: string } {
  if (role === "user") {
    const value = index === 0 ? content : `Observation: ${content}`;
    return { from: "human", value };
  }
  const { thought, command } = readTurn(content)!;
  return { from: "gpt", value: turnText(thought, command, "thoughts") };
}

/** The twin of ALFWorld. */
export const alfworldTwin: Twin<AlfworldProblem> = {
  benchmark: alfworld,
  world: WORLD.name,
  sizes: { train: 1600, valid: 100, test: 134 },
  trainingSizes: [1600, 400, 100],
  maxTokens: 640,
  about: `Household tasks of ALFWorld's six kinds, in rooms with six places, an
appliance and a few things. Rules, words and files are ALFWorld's; a game's file
also says its turns (one more than it needs) and that there is no instruction.

Every task needs one or two facts that no message states: where a thing is
usually kept. There are ${WORLD.things.length} such facts, the same in every split. They stand only
in the thoughts of worked episodes. Who does not know them has time for one
wrong place.

What is new in the test split is not the facts, but requests: which thing is
wanted, how, and where it goes. No request is in two splits.`,
  problem,
  write,
  policies,
  noted,
  practise,
  failureEvents: ({ task }, chat) => {
    const { game, maxTurns } = goldOf(task);
    const kept = new Set(
      game.things.flatMap(({ type, receptacles }) =>
        receptacles.map((name) => `${type} ${name}`)
      ),
    );
    return episodeFailures(chat, {
      dialect: alfworldDialect,
      isKept: (thing, place) => kept.has(`${thing} ${place} 1`),
      solves: (commands) => replay(game, commands.slice(0, maxTurns)).isWon,
    });
  },
  injectors: Object.fromEntries(
    Object.entries(EPISODE_INJECTORS).map(([label, inject]) => [
      label,
      ({ task, homes, conversation }: AlfworldProblem, random: Random) =>
        inject({
          ...agent(homes, random),
          turns: (conversation.length - task.messages.length + 1) / 2,
        }),
    ]),
  ),
  controls: {
    permuted: (split, index) => problemIn(permutedHomes(WORLD), split, index),
    shifted: (split, index) => problemIn(shiftedHomes(WORLD), split, index),
    formOnly,
  },
  makeEnvironment,
};
