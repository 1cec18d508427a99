import { assertEquals } from "@std/assert";
import { failureLabel } from "@/lib/benchmarks/mod.ts";
import {
  aquaTwin,
  gpqaTwin,
  gsm8kTwin,
  kodcodeTwin,
  mathTwin,
  play,
  runFailures,
  type Twin,
} from "@/lib/benchmarks/twins/mod.ts";

/** Both marks of an answer to a test problem: the label and the events. */
async function judge(twin: Twin, index: number, answer: string) {
  const problem = twin.problem("test", index);
  const played = await play(twin, problem, () => answer);
  const failures = runFailures(twin, problem, played);
  return {
    official: played.score.official,
    events: twin.failureEvents(problem, played.chat),
    failures,
    label: failureLabel(failures),
  };
}

const WORK = `To hing is to take away 7.
Gus has 23-7=<<23-7=16>>16 plums.
Hana has 16*3=<<16*3=48>>48 plums.
To plonk is to take away 6.
Hana has 48-6=<<48-6=42>>42 plums.`;

Deno.test("runFailures() finds nothing where the official scorer takes the answer", async () => {
  for (const box of ["42", " 42 ", "x=42"]) {
    const judged = await judge(gsm8kTwin, 0, `${WORK}\\boxed{${box}}`);
    assertEquals([judged.official, judged.failures], [1, []], box);
  }
  const [, work, answer] = /^(.*)\\boxed\{(.*)\}\$\.$/s
    .exec(mathTwin.problem("test", 350).task.gold)!;
  assertEquals(answer, "\\frac{2}{19}");
  for (const box of [answer, "2/19", "\\dfrac{2}{19}", "\\frac2{19}"]) {
    const judged = await judge(mathTwin, 350, `${work}\\boxed{${box}}$.`);
    assertEquals([judged.official, judged.failures], [1, []], box);
  }
});

Deno.test("runFailures() takes a program for unreadable where python3 does", async () => {
  const prose = "def solve(xs):\n    return 1\nThis is it.";
  const { label } = await judge(kodcodeTwin, 0, prose);
  assertEquals(label, "tool parsing error");
  const other = await judge(kodcodeTwin, 0, "def solve(xs):\n    return 1");
  assertEquals(other.label, "other");
});

Deno.test("runFailures() forgives what was right by luck, the rules do not", async () => {
  const lucky = WORK.replace("take away 6", "take away 5");
  const judged = await judge(gsm8kTwin, 0, `${lucky}\\boxed{42}`);
  assertEquals(judged.failures, []);
  assertEquals(judged.events.map(({ label }) => label), ["false belief"]);
});

Deno.test("a box is read as the official scorer reads it", async () => {
  const label = async (box: string) =>
    (await judge(gsm8kTwin, 0, `${WORK}\\boxed{${box}}`)).label;
  assertEquals(await label(" 43 "), "think-act inconsistency");
  assertEquals(await label("42 in all"), "answer formatting failure");
  assertEquals(await label("042"), "answer formatting failure");
});

Deno.test("an answer that neither works nor answers gets no label", async () => {
  for (const twin of [gsm8kTwin, aquaTwin, mathTwin, gpqaTwin]) {
    for (
      const text of [
        "",
        "kites kites kites",
        "I do not know",
        "I do not know.",
        "I do not know.\\boxed{7}",
      ]
    ) {
      const { label } = await judge(twin, 0, text);
      assertEquals(label, "other", `${twin.benchmark.name}: ${text}`);
    }
    const { label } = await judge(twin, 0, "\\boxed{no idea}");
    assertEquals(label, "planning failure");
  }
});
