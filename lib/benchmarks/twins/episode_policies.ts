/** Policies that bound what the numbers of the embodied twins mean. */
import { type Random, randomChoice } from "../../random.ts";
import { turnText } from "../alfworld_prompts.ts";
import type { Task } from "../task.ts";
import { readTurn } from "./episode.ts";
import { type Agent, agentPolicy } from "./episode_policy.ts";
import type { EpisodeProblem } from "./episode_problem.ts";
import type { EpisodeForm } from "./episode_form.ts";
import { drawHomes, type Homes } from "./homes.ts";
import type { NamedPolicy, Policy } from "./twin.ts";

/** Who believes things kept there. */
export function agentOf<P extends EpisodeProblem>(
  { dialect, world }: EpisodeForm<P>,
  homes: Homes,
  random: Random,
): Agent {
  return { dialect, world, homes, random };
}

/**
 * The policies of a twin.
 *
 * @param episodes Training problems that the shortcuts know.
 */
export function episodePolicies<P extends EpisodeProblem>(
  form: EpisodeForm<P>,
  episodes: () => readonly P[],
): NamedPolicy<P>[] {
  return [
    {
      name: "searcher that knows the homes",
      kind: "oracle",
      start: ({ homes }, random) => agentPolicy(agentOf(form, homes, random)),
    },
    {
      name: "searcher that guesses the homes",
      kind: "ignorant",
      start: (_, random) =>
        agentPolicy(agentOf(form, drawHomes(form.world, random), random)),
    },
    {
      name: "any possible command",
      kind: "random",
      start: ({ task }, random) => anyCommand(form, task, random),
    },
    {
      name: "turns of a training episode with the same thing",
      kind: "shortcut",
      start: ({ signature }) => {
        const [kind, thing] = signature.split(":");
        return following(turnsOf(findEpisode(episodes(), { kind, thing })));
      },
    },
    {
      name: "turns of a training episode with the same goal",
      kind: "shortcut",
      start: ({ signature }) => {
        const [kind, , where] = signature.split(":");
        return following(turnsOf(findEpisode(episodes(), { kind, where })));
      },
    },
    {
      name: "the first up to its taking, of any goal, then the second, renamed",
      kind: "rote",
      start: ({ signature }) => {
        const [kind, thing, where] = signature.split(":");
        const fetching = findEpisode(episodes(), { thing });
        const bringing = findEpisode(episodes(), { kind, where });
        if (fetching === undefined || bringing === undefined) {
          return following([]);
        }
        const [, other] = bringing.signature.split(":");
        const [fetched, brought] = [fetching, bringing].map(turnsOf);
        return following([
          ...fetched.slice(0, takingOf(form, fetched) + 1),
          ...brought.slice(takingOf(form, brought) + 1)
            .map((turn) =>
              turn.replaceAll(new RegExp(`\\b${other}\\b`, "g"), thing)
            ),
        ]);
      },
    },
  ];
}

/**
 * Does anything that can be done.
 *
 * @param isTried Whether a command may be among it; all by default.
 */
export function anyCommand<P extends EpisodeProblem>(
  form: EpisodeForm<P>,
  task: Task,
  random: Random,
  isTried: (command: string) => boolean = () => true,
): Policy {
  const game = form.simulate(task);
  return () => {
    const commands = game.possibleCommands().filter(isTried);
    const command = randomChoice(random, commands);
    game.step(command);
    return turnText(`I ${command}.`, command, "tags");
  };
}

/** What a request may have in common with another. */
interface Alike {
  readonly kind?: string;
  readonly thing?: string;
  readonly where?: string;
}

/** The first episode of a request that is alike. */
function findEpisode(
  episodes: readonly EpisodeProblem[],
  wanted: Alike,
): EpisodeProblem | undefined {
  return episodes.find(({ signature }) => {
    const [kind, thing, where] = signature.split(":");
    const request: Alike = { kind, thing, where };
    return Object.entries(wanted)
      .every(([part, value]) => request[part as keyof Alike] === value);
  });
}

/** The model's turns of an episode; none if there is no episode. */
function turnsOf(episode: EpisodeProblem | undefined): string[] {
  return (episode?.conversation ?? [])
    .filter(({ role }) => role === "assistant").map(({ content }) => content);
}

/** The number of the turn that takes a thing. */
function takingOf<P extends EpisodeProblem>(
  { dialect }: EpisodeForm<P>,
  turns: readonly string[],
): number {
  return turns.findIndex((turn) => {
    const command = readTurn(turn)?.command ?? "";
    return dialect.readAct(command)?.verb === "take";
  });
}

/** Writes turns as they stand, the last over and over. */
function following(turns: readonly string[]): Policy {
  return (chat) => {
    const done = chat.filter(({ role }) => role === "assistant").length;
    return turns[done] ?? turns.at(-1) ?? "";
  };
}
