/** Plays a twin's problem with a policy in place of a model. */
import type { Message, Score } from "../task.ts";
import type { Policy, Twin, TwinProblem } from "./twin.ts";

/** What became of it. */
export interface Played {
  /** The whole chat, from the task on. */
  readonly chat: readonly Message[];
  /** The policy's turns. */
  readonly turns: readonly string[];
  /** The benchmark's marks. */
  readonly score: Score;
}

/** Lets a policy answer a problem, as often as the benchmark allows. */
export async function play<P extends TwinProblem>(
  twin: Twin<P>,
  problem: P,
  policy: Policy,
): Promise<Played> {
  const { messages, gold } = problem.task;
  const environment = twin.makeEnvironment?.(problem);
  const chat = [...await environment?.reset({ seed: 0 }) ?? messages];
  const turns: string[] = [];
  while (turns.length < twin.benchmark.maxTurns) {
    const content = policy(chat);
    chat.push({ role: "assistant", content });
    turns.push(content);
    if (environment === undefined) break;
    const { observation, terminated, truncated } = await environment.step(
      content,
    );
    if (terminated || truncated) break;
    chat.push({ role: "user", content: observation });
  }
  return { chat, turns, score: await twin.benchmark.score(turns, gold) };
}
