import { assertEquals } from "@std/assert";
import {
  bigCodeBenchTwin,
  kodcodeTwin,
  twinCard,
} from "@/lib/benchmarks/twins/mod.ts";

for (const twin of [kodcodeTwin, bigCodeBenchTwin]) {
  const { name } = twin.benchmark;
  Deno.test(`twinCard() of ${name} is the card under results/`, async () => {
    const path = new URL(
      `../../../results/twins/${name}.md`,
      import.meta.url,
    );
    assertEquals(await Deno.readTextFile(path), await twinCard(twin));
  });
}
