import { assertEquals } from "@std/assert";
import { collapseSpace, strip } from "@/lib/benchmarks/python_text.ts";

// Python 3.11: str.strip and " ".join(str.split()).
const SPACES = ["\u001c", "\u001f", "\u0085", "\u00a0", "\u3000", " ", "\n"];
const NO_SPACES = ["\u200b", "\ufeff"];

Deno.test("strip() removes at both ends what Python calls space", () => {
  for (const space of SPACES) {
    assertEquals(strip(`${space}a${space}b${space}`), `a${space}b`);
  }
  for (const other of NO_SPACES) {
    assertEquals(strip(`${other}a${other}`), `${other}a${other}`);
  }
  assertEquals(strip(" \n "), "");
});

Deno.test("collapseSpace() leaves one space between words", () => {
  for (const space of SPACES) {
    assertEquals(collapseSpace(`${space}a${space}${space} b${space}`), "a b");
  }
  for (const other of NO_SPACES) {
    assertEquals(collapseSpace(`a${other}b`), `a${other}b`);
  }
  assertEquals(collapseSpace(""), "");
});
