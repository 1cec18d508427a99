/** Policies that bound what the numbers of the embodied twins mean. */
import { type Random, randomChoice } from "../../random.ts";
import { turnText } from "../alfworld_prompts.ts";
import type { Task } from "../task.ts";
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
        return replayed(
          episodes,
          (other) => other.startsWith(`${kind}:${thing}:`),
        );
      },
    },
    {
      name: "turns of a training episode with the same goal",
      kind: "shortcut",
      start: ({ signature }) => {
        const [kind, , where] = signature.split(":");
        return replayed(
          episodes,
          (other) =>
            other.startsWith(`${kind}:`) && other.endsWith(`:${where}`),
        );
      },
    },
  ];
}

/** Does anything that can be done. */
export function anyCommand<P extends EpisodeProblem>(
  form: EpisodeForm<P>,
  task: Task,
  random: Random,
): Policy {
  const game = form.simulate(task);
  return () => {
    const command = randomChoice(random, game.possibleCommands());
    game.step(command);
    return turnText(`I ${command}.`, command, "tags");
  };
}

/** The turns of a training episode of an accepted kind, as they stand. */
function replayed(
  episodes: () => readonly EpisodeProblem[],
  accepts: (signature: string) => boolean,
): Policy {
  const found = episodes().find(({ signature }) => accepts(signature));
  const turns = (found?.conversation ?? [])
    .filter(({ role }) => role === "assistant");
  return (chat) => {
    const done = chat.filter(({ role }) => role === "assistant").length;
    return (turns[done] ?? turns.at(-1))?.content ?? "";
  };
}
