import { assert, assertEquals } from "@std/assert";
import { HOUSEHOLD_WORLD as WORLD } from "@/lib/benchmarks/twins/alfworld_pddl.ts";
import {
  drawHomesAround,
  homeNotes,
  knownHomes,
  permutedHomes,
  readHomes,
  shiftedHomes,
  worldHomes,
} from "@/lib/benchmarks/twins/homes.ts";
import { seededRandom } from "@/lib/random.ts";

Deno.test("readHomes() reads what homeNotes() writes", () => {
  const homes = { ...worldHomes(WORLD), apple: "safe", lamp: "bed" };
  const notes = homeNotes(WORLD, homes, ["apple", "lamp"]);
  assertEquals(
    notes,
    "Notes: An apple is kept in the safe. A lamp is kept on the bed.\n",
  );
  assertEquals(readHomes(notes), { apple: "safe", lamp: "bed" });
});

Deno.test("drawHomesAround() keeps the known facts, which are three in ten", () => {
  const known = knownHomes(WORLD);
  assertEquals(known.size, 6);
  const truth = worldHomes(WORLD);
  const drawn = drawHomesAround(WORLD, seededRandom("homes", 0));
  for (const thing of known) assertEquals(drawn[thing], truth[thing]);
  assert(WORLD.things.some((thing) => drawn[thing] !== truth[thing]));
});

Deno.test("shiftedHomes() moves every thing, the lamp in the open", () => {
  const truth = worldHomes(WORLD);
  const shifted = shiftedHomes(WORLD);
  for (const thing of WORLD.things) assert(shifted[thing] !== truth[thing]);
  const open = WORLD.placesOf!("lamp").map(({ name }) => name);
  assert(open.includes(shifted.lamp));
});

Deno.test("permutedHomes() keeps how many things each place has", () => {
  const places = (homes: Readonly<Record<string, string>>): string[] =>
    Object.values(homes).sort();
  const [truth, permuted] = [worldHomes(WORLD), permutedHomes(WORLD)];
  assertEquals(places(permuted), places(truth));
  assert(WORLD.things.some((thing) => permuted[thing] !== truth[thing]));
});
