/**
 * AgentBank: recorded conversations of agents with environments, which
 * supervised fine-tuning learns from (Song et al. 2024, Solaris99/AgentBank).
 */
import { listOf, structOf, text } from "./columns.ts";
import { strip } from "./python_text.ts";
import { readRows } from "./rows.ts";

/** Where AgentBank is published. */
export const AGENTBANK = "Solaris99/AgentBank";

/** A conversation: what is given, then turns by turns. */
export interface Conversation {
  /** Its name in AgentBank. */
  readonly id: string;
  /**
   * How it began: with an instruction and the agent's "OK", which are not among
   * the turns, or with the task alone.
   */
  readonly head: "instruction" | "none";
  /** In turn what the human and what the agent said; the agent is the last. */
  readonly turns: readonly string[];
}

/** What an agent says in a turn of an environment of commands. */
export interface AgentTurn {
  /** Why it acts; may be empty. */
  readonly thought: string;
  /** What it does. */
  readonly action: string;
}

/**
 * Reads "Thought: …" and, on a line of its own, "Action: …". The last such line
 * begins the action, so a thought may say the word.
 *
 * @param place Where the turn stands, for messages.
 * @throws {SyntaxError} If there is no action.
 */
export function readAgentTurn(turn: string, place: string): AgentTurn {
  const [, thought = "", action = ""] =
    /^(?:([^]*)\n)?\s*Action:([^]*)$/.exec(turn) ?? [];
  if (action.trim() === "") {
    throw new SyntaxError(
      `Cannot read ${place} as each turn of gpt must have "Action:" at the start of a line, and an action after it: current value is ${
        JSON.stringify(turn)
      }`,
    );
  }
  return {
    thought: thought.replace(/^\s*Thought:/, "").trim(),
    action: action.trim(),
  };
}

/**
 * Reads the conversations of a file, JSONL or parquet.
 *
 * Whether the published rows begin with an instruction could not be seen, so
 * both forms are read: an instruction is what the agent answers with "OK" and
 * neither a thought nor an action nor an answer.
 *
 * @throws {SyntaxError} If a conversation is not of the human and the agent in
 * turn, the agent last.
 * @throws As `readRows` does for a bad file or row.
 */
export async function readConversations(path: string): Promise<Conversation[]> {
  const rows = await readRows(path, {
    id: text,
    conversations: listOf(structOf({ from: text, value: text })),
  }, { source: AGENTBANK, id: "id" });
  return rows.map(({ id, conversations }, index) => {
    const isInTurn = conversations.every(({ from }, i) =>
      from === (i % 2 === 0 ? "human" : "gpt")
    );
    const turns = conversations.map(({ value }) => value);
    const isHeaded = turns.length > 2 && /^OK\b/i.test(strip(turns[1])) &&
      !/\b(?:Thought|Action|Final Answer):/.test(turns[1]);
    if (!isInTurn || turns.length === 0 || turns.length % 2 === 1) {
      throw new SyntaxError(
        `Cannot read ${path} row ${
          index + 1
        } as human and gpt must speak in turn, gpt last: current value is ${
          conversations.map(({ from }) => from).join(", ") || "no turn"
        }`,
      );
    }
    return isHeaded
      ? { id, head: "instruction", turns: turns.slice(2) }
      : { id, head: "none", turns };
  });
}
