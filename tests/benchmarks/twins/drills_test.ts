import { assert, assertEquals } from "@std/assert";
import {
  drillLookUps,
  drillSums,
  GLOSSARY_NOTES,
  type Segments,
} from "@/lib/benchmarks/twins/mod.ts";
import { seededRandom } from "@/lib/random.ts";

/** What a drill asks, and the lines that it teaches. */
function read(segments: Segments): { user: string; lines: string[] } {
  const text = segments.map(({ text }) => text).join("");
  const [, user, turn] =
    /^<\|im_start\|>user\n(.*)<\|im_end\|>\n<\|im_start\|>assistant\n(.*<\|im_end\|>\n)$/s
      .exec(text)!;
  const learned = segments.filter(({ learn }) => learn);
  assertEquals(learned.map(({ text }) => text).join(""), turn);
  return { user, lines: turn.replace("<|im_end|>\n", "").split("\n") };
}

Deno.test("drillSums() gives six sums within 1 to 99 that are right", () => {
  const operations: Readonly<Record<string, (a: number, b: number) => number>> =
    {
      "+": (a, b) => a + b,
      "-": (a, b) => a - b,
      "*": (a, b) => a * b,
      "/": (a, b) => a / b,
    };
  const signs = new Set<string>();
  for (let i = 0; i < 300; i++) {
    const { user, lines } = read(drillSums(seededRandom("sums", i)));
    const sums = user.trimEnd().split(", ");
    assertEquals([user.at(-1), sums.length, lines.length], ["\n", 6, 6]);
    lines.forEach((line, k) => {
      const [, sum, a, sign, b, result] =
        /^((\d+)([-+*/])(\d+))=<<\1=(\d+)>>\5\.$/.exec(line)!;
      assertEquals(sum, sums[k]);
      assertEquals(Number(result), operations[sign](Number(a), Number(b)));
      for (const n of [a, b, result]) {
        assert(Number(n) >= 1 && Number(n) <= 99, line);
      }
      signs.add(sign);
    });
  }
  assertEquals(signs.size, 4);
});

Deno.test("drillLookUps() asks for notes of one kind by their names", () => {
  const kinds = new Set<string>();
  const counts = new Set<number>();
  for (let i = 0; i < 400; i++) {
    const random = seededRandom("look-ups", i);
    const { user, lines } = read(drillLookUps(random, 4, GLOSSARY_NOTES));
    const [, told, asked] = /^Notes: (.*)\nQuestion: (.*)\?\n$/.exec(user)!;
    const notes = told.split(/(?<=\.) /);
    counts.add(notes.length);
    assertEquals([...lines].sort(), notes.sort());
    asked.split(", ").forEach((name, k) => {
      assert(new RegExp(`\\b${name}\\b`).test(lines[k]), lines[k]);
    });
    const kind = new Set(
      lines.map((line) => /holds|costs|To|has/.exec(line)![0]),
    );
    assertEquals(kind.size, 1);
    kinds.add([...kind][0]);
  }
  assertEquals(kinds, new Set(["holds", "costs", "To", "has"]));
  assertEquals(counts, new Set([2, 3, 4]));
});
