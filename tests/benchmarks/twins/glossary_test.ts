import { assert, assertEquals } from "@std/assert";
import {
  drawGlossaryAround,
  FACT_NAMES,
  factText,
  knownFacts,
  worldGlossary,
} from "@/lib/benchmarks/twins/mod.ts";
import { seededRandom } from "@/lib/random.ts";

Deno.test("drawGlossaryAround() keeps the known facts and draws the others", () => {
  const world = worldGlossary();
  const known = knownFacts();
  assertEquals(known.size, 16);
  let differs = 0;
  const drawn = drawGlossaryAround(seededRandom("around"), known);
  for (const name of FACT_NAMES) {
    const isSame = factText(drawn, name) === factText(world, name);
    if (known.has(name)) assert(isSame, name);
    else if (!isSame) differs++;
  }
  assert(differs > 20);
  assertEquals(worldGlossary(), world);
});

Deno.test("factText() states each kind of fact", () => {
  const world = worldGlossary();
  assertEquals(factText(world, "crate"), `A crate holds ${world.holds.crate}.`);
  assertEquals(
    factText(world, "apple"),
    `An apple costs ${world.prices.apple} coins.`,
  );
  const texts = Object.entries(world.effects).map(([verb, effect]) => [
    effect.operation,
    factText(world, verb as keyof typeof world.effects),
  ]);
  for (const [operation, text] of texts) {
    const words = { add: "add", take: "take away", multiply: "multiply by" };
    assert(text.includes(` is to ${words[operation as keyof typeof words]} `));
  }
});
