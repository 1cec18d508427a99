import { assertEquals } from "@std/assert";
import { contextItems, countLatents, KIND } from "@/lib/models/mod.ts";
import type { MemoryBlock } from "@/lib/models/mod.ts";

/** Latents at positions, in the text or beside it. */
function block(
  point: number,
  kind: number,
  ...positions: number[]
): MemoryBlock {
  const value = Float32Array.of(0.5);
  return {
    point,
    items: positions.map((position) => ({ value, position, kind })),
  };
}

/** Tokens as they are, latents as `M`; each with its position. */
function shown(...context: Parameters<typeof contextItems>): string {
  return contextItems(...context)
    .map(({ value, position }) =>
      `${typeof value === "number" ? value : "M"}@${position}`
    ).join(" ");
}

Deno.test("contextItems() puts blocks in the text before their point, and text moves on", () => {
  const blocks = [block(1, KIND.text, 1, 2), block(3, KIND.text, 5)];
  assertEquals(shown([7, 8, 9], blocks), "7@0 M@1 M@2 8@3 9@4 M@5");
  assertEquals(shown([7, 8, 9], blocks.slice(0, 1)), "7@0 M@1 M@2 8@3 9@4");
  assertEquals(countLatents(blocks), 3);
});

Deno.test("contextItems() puts blocks beside the text before the token that sees them", () => {
  const blocks = [block(1, KIND.memory, -2, -1), block(3, KIND.memory, -1)];
  assertEquals(shown([7, 8, 9], blocks), "M@-2 M@-1 7@0 8@1 M@-1 9@2");
  // For who decided on a block it comes after that token.
  assertEquals(
    shown([7, 8, 9], blocks, ({ point }) => point),
    "7@0 M@-2 M@-1 8@1 9@2 M@-1",
  );
});

Deno.test("contextItems() of no blocks is the text", () => {
  assertEquals(shown([7, 8], []), "7@0 8@1");
});
