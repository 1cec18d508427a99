import { assert, assertEquals } from "@std/assert";
import { HOUSEHOLD_WORLD as WORLD } from "@/lib/benchmarks/twins/alfworld_pddl.ts";
import {
  drawHomesAround,
  homeNotes,
  knownHomes,
  readHomes,
  renameHomes,
  shiftedHomes,
  thingSkin,
  TREATED_THINGS,
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

Deno.test("thingSkin() renames things one to one, and renameHomes() their homes", () => {
  const [truth, rename] = [worldHomes(WORLD), thingSkin(WORLD)];
  const renamed = renameHomes(truth, rename);
  assertEquals(new Set(WORLD.things.map(rename)), new Set(WORLD.things));
  for (const thing of WORLD.things) {
    assertEquals(renamed[rename(thing)], truth[thing]);
    assertEquals(
      TREATED_THINGS.includes(rename(thing)),
      TREATED_THINGS.includes(thing),
    );
  }
  assertEquals(rename("lamp"), "lamp");
  assert(WORLD.things.some((thing) => rename(thing) !== thing));
});
