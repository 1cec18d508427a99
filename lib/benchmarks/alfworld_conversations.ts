/** AgentBank's conversations in households, in the words of a prompt and a game. */
import { readAgentTurn } from "./agentbank.ts";
import { withoutArrival } from "./alfworld_environment.ts";
import {
  observationText,
  type PromptStyle,
  turnText,
} from "./alfworld_prompts.ts";
import {
  commandText,
  type Grammar,
  readLooseCommand,
  translateFeedback,
} from "./household/commands.ts";
import type { Message } from "./task.ts";

/** The words that a conversation is put into. */
export interface ConversationWords {
  /** How turns are written. */
  readonly style: PromptStyle;
  /** Words of the game's placements. */
  readonly grammar: Grammar;
}

/**
 * A conversation, from the agent's first turn on, as a chat that is taught.
 *
 * @param place Where the conversation stands, for messages.
 * @throws {SyntaxError} If a turn of the agent has no action, or one that is no
 * command of ALFWorld.
 */
export function householdDemonstration(
  turns: readonly string[],
  place: string,
  { style, grammar }: ConversationWords,
): Message[] {
  return turns.map((turn, i): Message => {
    if (i % 2 === 1) {
      const feedback = withoutArrival(turn.replace(/^Observation:\s*/, ""));
      const content = translateFeedback(feedback, grammar);
      return { role: "user", content: observationText(content, style) };
    }
    const { thought, action } = readAgentTurn(turn, place);
    const command = readLooseCommand(action);
    if (command === undefined) {
      throw new SyntaxError(
        `Cannot read ${place} as each action must be a command of ALFWorld: current value is ${
          JSON.stringify(action)
        }`,
      );
    }
    const content = turnText(thought, commandText(command, grammar), style);
    return { role: "assistant", content };
  });
}
