import { assertEquals } from "@std/assert";
import {
  feverTwin,
  popqaTwin,
  triviaqaTwin,
  twinCard,
} from "@/lib/benchmarks/twins/mod.ts";

Deno.test("twinCard() of the search twins are the cards under results/", async () => {
  for (const twin of [triviaqaTwin, popqaTwin, feverTwin]) {
    const path = new URL(
      `../../../results/twins/${twin.benchmark.name}.md`,
      import.meta.url,
    );
    assertEquals(await Deno.readTextFile(path), await twinCard(twin));
  }
});
