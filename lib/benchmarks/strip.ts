/** Python's `str.strip`, which JavaScript's `trim` differs from in six characters. */
export function strip(text: string): string {
  return text.replace(
    // deno-lint-ignore no-control-regex
    /^[\p{White_Space}\x1c-\x1f]+|[\p{White_Space}\x1c-\x1f]+$/gu,
    "",
  );
}
