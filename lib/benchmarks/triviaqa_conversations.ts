/** AgentBank's conversations on TriviaQA, in the words of the search prompt. */
import { type Conversation, readConversations } from "./agentbank.ts";
import { strip } from "./python_text.ts";
import { questionGold } from "./question_score.ts";
import { episodeAnswer, SEARCH_SYSTEM_PROMPT } from "./search_environment.ts";
import type { Message, Split, Task } from "./task.ts";

/**
 * Reads conversations as tasks with demonstrations.
 *
 * @param file Name of the file in the ids of the tasks.
 * @throws {SyntaxError} If a conversation gives no answer.
 * @throws As `readConversations` does.
 */
export async function loadConversations(
  path: string,
  { file, split }: { readonly file: string; readonly split: Split },
): Promise<Task[]> {
  const conversations = await readConversations(path);
  return conversations.map((conversation, index) => {
    const [question, ...demonstration] = demonstrationOf(conversation);
    const turns = demonstration.filter(({ role }) => role === "assistant");
    const answer = episodeAnswer(turns.map(({ content }) => content));
    if (answer === undefined || answer === "") {
      throw new SyntaxError(
        `Cannot read ${path} row ${
          index + 1
        } as the agent must give a "Final Answer: ": current value ends in "${
          conversation.turns.at(-1)
        }"`,
      );
    }
    return {
      id: `triviaqa/${file}/${index}`,
      benchmark: "triviaqa",
      split,
      // Without the space at the end, as in the released code's training.
      messages: [
        { role: "system", content: strip(SEARCH_SYSTEM_PROMPT) },
        question,
      ],
      demonstration,
      gold: questionGold([answer]),
      environment: "search",
      meta: { agentbankId: conversation.id, head: conversation.head },
    };
  });
}

/** A conversation in the words of the prompt, from the question on. */
function demonstrationOf({ turns }: Conversation): Message[] {
  return turns.map((turn, i) =>
    i % 2 === 0
      ? { role: "user", content: convertHumanTurn(turn) }
      : { role: "assistant", content: convertAgentTurn(turn) }
  );
}

/**
 * What the human said, byte for byte as in the released code
 * (builder.py:87-95): the first line of an observation in tags, anything else
 * unchanged.
 *
 * Faults kept: the other lines are lost, and the tags are neither those that
 * the prompt promises nor in what the search environment gives (none).
 */
export function convertHumanTurn(turn: string): string {
  const observation = turn.match(/Observation: ([^\n]*)/)?.[1];
  return observation === undefined
    ? turn
    : `<observation> ${strip(observation)} </observation>`;
}

/**
 * What the agent said, byte for byte as in the released code (builder.py:97-118):
 * "Thought: t\nAction: search[q]" becomes "<think> t </think>\n<search> q
 * </search>".
 *
 * Faults kept: a query ends at its first "]", an answer at its line's end, and
 * a turn with none of the three becomes empty.
 */
export function convertAgentTurn(turn: string): string {
  const parts = [
    ["think", /Thought: (.*?)(?=\nAction:|\nFinal Answer:|$)/s],
    ["search", /Action: search\[([^\n]*?)\]/],
    ["answer", /Final Answer: ([^\n]*)/],
  ] as const;
  return parts.flatMap(([tag, pattern]) => {
    const content = turn.match(pattern)?.[1];
    return content === undefined
      ? []
      : [`<${tag}> ${strip(content)} </${tag}>`];
  }).join("\n");
}
