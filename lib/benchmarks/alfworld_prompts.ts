/**
 * How ALFWorld is put to a model, and how its turns are read.
 *
 * MemGen's own prompt for ALFWorld is not published. `tags` is the one of
 * LatentMem, whose first authors are MemGen's; `thoughts` is AgentBank's, whose
 * trajectories both train on. That `tags` is the default is our inference.
 */
import {
  commandText,
  type Grammar,
  readLooseCommand,
} from "./household/commands.ts";
import type { Message } from "./task.ts";

/** How a turn is written: in tags, or as a thought and an action. */
export type PromptStyle = "tags" | "thoughts";

/** LatentMem, autogen/prompts/alfworld_prompt.py, stripped. */
const TAGS_INSTRUCTION =
  `You are now in a household environment called Alfworld. Your tasks include locating objects, heating or cooling items, and performing similar activities.${" "}
# VALID ACTIONS (strict)
1. take a from b.${"  "}
2. go to a.${"  "}
3. open a.${"  "}
4. put a in/on b.${"  "}
5. clean a with b.${"  "}
6. heat a with b.${"  "}
7. cool a with b.${"  "}
8. use a.${"  "}

# OUTPUT FORMAT (strict)
Each step must follow this exact format, with nothing outside the tags:

<think>one-two sentences of reasoning</think>
<action>one allowed action (from list above)</action>`;

/** ETO, eval_agent/prompt/instructions/alfworld_inst.txt, stripped. */
const THOUGHTS_INSTRUCTION =
  `Interact with a household to solve a task. Imagine you are an intelligent agent in a household environment and your target is to perform actions to complete the task goal. At the beginning of your interactions, you will be given the detailed description of the current environment and your goal to accomplish.${" "}
For each of your turn, you will be given the observation of the last turn. You should first think about the current condition and plan for your future actions, and then output your action in this turn. Your output must strictly follow this format:"Thought: your thoughts.\\nAction: your next action".

The available actions are:
1. go to {recep}
2. take {obj} from {recep}
3. put {obj} in/on {recep}
4. open {recep}
5. close {recep}
6. toggle {obj} {recep}
7. clean {obj} with {recep}
8. heat {obj} with {recep}
9. cool {obj} with {recep}
where {obj} and {recep} correspond to objects and receptacles.
After your each turn, the environment will give you immediate feedback based on which you plan your next few steps. if the envrionment output "Nothing happened", that means the previous action is invalid and you should try more options.

Your response should use the following format:

Thought: <your thoughts>
Action: <your next action>`;

/** What `alfworldMessages` needs besides the room. */
export interface PromptOptions {
  /** How turns are written. */
  readonly style: PromptStyle;
  /** Words of the game's placements. */
  readonly grammar: Grammar;
  /** What is told in place of the style's instruction; empty for nothing. */
  readonly instruction: string | null;
}

/**
 * The chat before the first turn.
 *
 * Deviation: in a game that says `move a to b`, so do the instructions.
 *
 * @param room What is seen, and the task.
 */
export function alfworldMessages(
  room: string,
  { style, grammar, instruction }: PromptOptions,
): Message[] {
  const user: Message = { role: "user", content: room };
  if (instruction !== null) {
    return instruction === ""
      ? [user]
      : [{ role: "system", content: instruction }, user];
  }
  const words = (text: string): string =>
    grammar === "put"
      ? text
      : text.replace(/put (\S+) in\/on (\S+)/, "move $1 to $2");
  return style === "tags"
    ? [{ role: "system", content: words(TAGS_INSTRUCTION) }, user]
    : [
      { role: "user", content: words(THOUGHTS_INSTRUCTION) },
      { role: "assistant", content: "OK" },
      user,
    ];
}

/** A turn in a style. */
export function turnText(
  thought: string,
  command: string,
  style: PromptStyle,
): string {
  return style === "tags"
    ? `<think>${thought}</think>\n<action>${command}</action>`
    : `Thought: ${thought}\nAction: ${command}`;
}

/** What a household says, as the model reads it. */
export function observationText(feedback: string, style: PromptStyle): string {
  return style === "tags" ? feedback : `Observation: ${feedback}`;
}

/**
 * The command of a turn: the text in its first action tags, or all that comes
 * after its first "Action:" (eval_agent/envs/alfworld_env.py, parse_action).
 */
export function readAction(
  turn: string,
  style: PromptStyle,
): string | undefined {
  const pattern = style === "tags"
    ? /<action>(.*?)<\/action>/s
    : /Action:\s?(.*)/s;
  return pattern.exec(turn.trim())?.[1].trim();
}

/**
 * The command that a turn means, in the words of newer games: the last tag or
 * "Action:", or the last line; case and a full stop at the end do not matter.
 */
export function lenientAction(turn: string): string | undefined {
  const marked = [...turn.matchAll(/(?:<action>|action:)([^\n<]*)/gi)]
    .map(([, text]) => text);
  const lines = turn.trim().split("\n");
  const command = [marked.at(-1), lines.at(-1)]
    .map((text = "") => text.trim().toLowerCase().replace(/\.$/, ""))
    .map(readLooseCommand).find((command) => command !== undefined);
  return command && commandText(command, "move");
}
