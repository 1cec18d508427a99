import "@/tests/backend.ts";
import { assertEquals } from "@std/assert";
import {
  makeRetrieve,
  packSnippets,
  type SupervisedRow,
  withSnippets,
} from "@/lib/memgen/mod.ts";
import type { Tokenizer } from "@/lib/models/mod.ts";
import { listTokenizer, memgenConfig } from "@/tests/memgen/tiny_memgen.ts";
import { tidyTest } from "@/tests/models/tiny.ts";

/** A token a letter. */
const LETTERS: Tokenizer = {
  ...listTokenizer([..."abcdef\n"]),
  encode: (text) => Array.from(text, (letter) => "abcdef\n".indexOf(letter)),
};

Deno.test("makeRetrieve() asks with the text and cuts what was found", () => {
  const asked: string[] = [];
  const search = (query: string): string[] => {
    asked.push(query);
    return query === "ab" ? ["cd", "ef"] : [];
  };
  const retrieve = makeRetrieve(LETTERS, search, { maxSnippetTokens: 4 });
  assertEquals(retrieve([0, 1]), [2, 3, 6, 4]);
  assertEquals(retrieve([1]), []);
  assertEquals(asked, ["ab", "b"]);
});

Deno.test("withSnippets() retrieves by the text before each point", () => {
  const row: SupervisedRow = {
    ids: [5, 6, 7, 8],
    labels: [-100, 6, 7, 8],
    points: [1, 3],
  };
  const found = withSnippets(row, (tokens) => [tokens.length, ...tokens]);
  assertEquals(found, { ...row, snippets: [[1, 5], [3, 5, 6, 7]] });
});

tidyTest("packSnippets() pads blocks and rows", () => {
  const config = memgenConfig({
    maxInferenceAugmentations: 1,
    maxSnippetTokens: 2,
  });
  const row = { ids: [], labels: [], points: [] };
  const rows = [
    { ...row, snippets: [[7, 8], [9]] },
    { ...row, snippets: [[]] },
  ];
  const { ids, kinds } = packSnippets(rows, { rows: 3 }, config)!;
  assertEquals(ids.arraySync(), [
    [[7, 8], [9, 0]],
    [[0, 0], [0, 0]],
    [[0, 0], [0, 0]],
  ]);
  assertEquals(kinds.arraySync(), [
    [[1, 1], [1, 0]],
    [[0, 0], [0, 0]],
    [[0, 0], [0, 0]],
  ]);
  assertEquals(packSnippets(rows, { rows: 3 }, memgenConfig()), undefined);
});
