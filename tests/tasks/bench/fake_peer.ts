/**
 * A peer without Python: each run takes half a second, it says; the tokens are
 * those of the work.
 */
// deno-lint-ignore-file no-console
console.log(JSON.stringify({ fake: Deno.args.join(" ") }));
let pending = "";
for await (
  const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())
) {
  const lines = (pending + text).split("\n");
  pending = lines.pop()!;
  for (const line of lines) {
    const { work, runs } = JSON.parse(line);
    if (work.error !== undefined) {
      console.error(`Traceback (most recent call last):\n${work.error}`);
      Deno.exit(1);
    }
    const seconds = Array(runs).fill(0.5);
    const process = { empty: 1e6, peak: 3e6, prepared: 2 };
    const tokens = work.tokens ?? null;
    console.log(JSON.stringify({ seconds, tokens, process }));
  }
}
