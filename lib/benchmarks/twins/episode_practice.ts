/** Texts for pre-training from embodied episodes: skills, and notes. */
import { type Random, shuffled } from "../../random.ts";
import type { Message } from "../task.ts";
import { homeNotes, type Homes, type HomesWorld, homeText } from "./homes.ts";
import type { Segments } from "./twin.ts";

/** Where the notes of a sample stand. */
export type NotesPlace = "nowhere" | "prompt" | "answer" | "line";

/** An episode, and what its notes say. */
export interface NotedEpisode {
  /** The whole chat. */
  readonly chat: readonly Message[];
  /** Turns of it that are kept; all by default. */
  readonly turns?: number;
  /** Where the notes stand. */
  readonly place: NotesPlace;
  /** Whose facts they state. */
  readonly homes: Homes;
  /** Facts that the episode needs. */
  readonly facts: readonly string[];
  /** Notes of other facts, besides. */
  readonly others: readonly string[];
}

/** An episode as a text of which the model's turns are learned. */
export function episodeSegments(
  { chat, turns = chat.length, place, homes, facts, others }: NotedEpisode,
  world: HomesWorld,
  random: Random,
): Segments {
  const notes = homeNotes(
    world,
    homes,
    shuffled(random, [...facts, ...others]),
  );
  const segments: { text: string; learn: boolean }[] = [];
  let left = turns;
  for (const [i, { role, content }] of chat.entries()) {
    if (role !== "assistant") {
      const text = i === 0 && place === "prompt"
        ? `${notes}${content}`
        : content;
      segments.push({
        text: `<|im_start|>${role}\n${text}<|im_end|>\n`,
        learn: false,
      });
      continue;
    }
    const isFirst = left === turns;
    const ahead = isFirst && place === "answer" ? notes : "";
    segments.push({ text: `<|im_start|>assistant\n${ahead}`, learn: false });
    const own = place === "line" ? facts : [];
    segments.push(...turnSegments(content, homes, own, world));
    segments.push({ text: "<|im_end|>\n", learn: true });
    if (--left === 0) break;
  }
  return segments;
}

/** A turn; each fact that it states stands right before as a note. */
function turnSegments(
  turn: string,
  homes: Homes,
  facts: readonly string[],
  world: HomesWorld,
): { text: string; learn: boolean }[] {
  for (const thing of facts) {
    const fact = homeText(world, thing, homes[thing]);
    const at = turn.indexOf(fact);
    if (at < 0) continue;
    return [
      { text: turn.slice(0, at), learn: true },
      { text: homeNotes(world, homes, [thing]), learn: false },
      { text: turn.slice(at), learn: true },
    ];
  }
  return [{ text: turn, learn: true }];
}
