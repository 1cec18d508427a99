/**
 * Scorers of short answers that may be named in several ways. Each is kept as
 * its authors wrote it, faults included; `lenientAnswerScore` alone is ours.
 */
import { collapseSpace, strip } from "./python_text.ts";

/**
 * MemGen's mark: whether a name is anywhere in the answer, without regard to
 * case (data/triviaqa/env.py:75-81).
 *
 * Faults: the answer keeps its punctuation while TriviaQA's names have none, so
 * "Dr. No" is not "dr no"; a short name is in almost any answer ("a" in
 * "Canada"), the empty one in all; and an answer that lists many names is right
 * if one is.
 */
export function containsAlias(
  answer: string,
  aliases: readonly string[],
): boolean {
  const text = answer.toLowerCase();
  return aliases.some((alias) => text.includes(alias.toLowerCase()));
}

/**
 * MemGen's released reward in GRPO: 1 if the last `<answer>` of a trajectory is
 * right by `containsAlias`, 0.5 if it is wrong, 0 if there is none
 * (env.py:86-112). Half of it is for the form, so it is no accuracy.
 *
 * It is offered for comparison: the reward of our `SearchEnvironment` is 1 or 0.
 *
 * @param trajectory All that the model wrote and read, without the prompt.
 */
export function trajectoryReward(
  trajectory: string,
  aliases: readonly string[],
): 0 | 0.5 | 1 {
  const answers = [...trajectory.matchAll(/<answer>(.*?)<\/answer>/gs)];
  if (answers.length === 0) return 0;
  const [, answer] = answers[answers.length - 1];
  return containsAlias(strip(answer), aliases) ? 1 : 0.5;
}

/** Python's `string.punctuation`: all that ASCII prints but letters and digits. */
const SQUAD_PUNCTUATION = /[!-/:-@[-`{-~]/g;
const TRIVIAQA_PUNCTUATION = /[!-/:-@[-`{-~‘’´]/g;
/** Python's `\b(a|an|the)\b`, which knows letters beyond ASCII. */
const ARTICLES = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;

/**
 * A text as SQuAD and Search-R1 compare it: lower case, punctuation deleted, no
 * articles, single spaces. "O'Neil" becomes "oneil".
 */
export function normalizeSquad(text: string): string {
  const bare = text.toLowerCase().replace(SQUAD_PUNCTUATION, "");
  return collapseSpace(bare.replace(ARTICLES, " "));
}

/**
 * A text as TriviaQA's own script compares it (evaluation/triviaqa_evaluation.py):
 * punctuation, with three more quote marks, becomes a space. "O'Neil" becomes
 * "o neil", as in the names that TriviaQA publishes.
 */
export function normalizeTriviaQa(text: string): string {
  const spaced = text.toLowerCase().replace(TRIVIAQA_PUNCTUATION, " ");
  return collapseSpace(spaced.replace(ARTICLES, " "));
}

/**
 * Exact match: whether the answer is one of the names, both normalised.
 *
 * @param normalize `normalizeSquad` for Search-R1's score, `normalizeTriviaQa`
 * for TriviaQA's.
 */
export function exactMatch(
  answer: string,
  aliases: readonly string[],
  normalize: (text: string) => string,
): boolean {
  const text = normalize(answer);
  return aliases.some((alias) => normalize(alias) === text);
}

/**
 * The mark of PopQA's authors: whether a name is in the answer as it stands, in
 * lower case, or with its first letter alone in upper case (Mallen et al. 2023,
 * adaptive-retrieval). The answer's own case is kept, so "PAINTER" is not
 * "painter".
 */
export function containsPopQaAlias(
  answer: string,
  aliases: readonly string[],
): boolean {
  return aliases.some((alias) =>
    [alias, alias.toLowerCase(), capitalize(alias)].some((form) =>
      answer.includes(form)
    )
  );
}

/** Python's `str.capitalize`. */
function capitalize(text: string): string {
  const [first = "", ...rest] = text;
  return first.toUpperCase() + rest.join("").toLowerCase();
}

/**
 * Our own, forgiving mark: whether the words of a name stand in the answer, one
 * after the other, both normalised as SQuAD or as TriviaQA does. So
 * punctuation, case and words around the name do not matter, but "a" is not in
 * "Canada" and an empty name is in no answer. An answer that lists many names
 * is still right.
 */
export function lenientAnswerScore(
  answer: string,
  aliases: readonly string[],
): 0 | 1 {
  const isRight = [normalizeSquad, normalizeTriviaQa].some((normalize) => {
    const text = ` ${normalize(answer)} `;
    return aliases.map(normalize).some((alias) =>
      alias !== "" && text.includes(` ${alias} `)
    );
  });
  return isRight ? 1 : 0;
}
