import { assert, assertEquals } from "@std/assert";
import { seededRandom } from "@/lib/random.ts";
import {
  interpret,
  runInPython,
} from "@/tests/benchmarks/python_subset/agreement.ts";
import {
  drawProgram,
  mutate,
} from "@/tests/benchmarks/python_subset/draw_program.ts";

Deno.test("the interpreter agrees with CPython on random programs, right and mutated", async () => {
  const sources = Array.from({ length: 300 }, (_, i) => {
    const random = seededRandom("agreement", i);
    const source = drawProgram(random);
    return i % 2 === 0 ? source : mutate(random, source);
  });
  const expected = await runInPython(sources);
  let refused = 0;
  const kinds = new Set<string>();
  sources.forEach((source, i) => {
    const outcomes = interpret(source);
    if (outcomes === undefined) refused++;
    else assertEquals(outcomes, expected[i], source);
    outcomes?.forEach((outcome) => kinds.add(outcome));
  });
  assert(refused < 20, `${refused} of 300 are not of the subset`);
  for (const kind of ["SyntaxError", "TypeError", "IndexError", "NameError"]) {
    assert(kinds.has(kind), kind);
  }
});
