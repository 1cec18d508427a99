/** Python's text functions, where JavaScript's differ and scores depend on it. */

/** What Python calls space: also U+001C to U+001F, and not U+FEFF. */
const SPACE = String.raw`[\p{White_Space}\x1c-\x1f]`;
const SPACE_AT_ENDS = new RegExp(`^${SPACE}+|${SPACE}+$`, "gu");
const SPACES = new RegExp(`${SPACE}+`, "gu");

/** Python's `str.strip`. */
export function strip(text: string): string {
  return text.replace(SPACE_AT_ENDS, "");
}

/** Python's `" ".join(text.split())`: one space between words, none at the ends. */
export function collapseSpace(text: string): string {
  return strip(text).replace(SPACES, " ");
}
