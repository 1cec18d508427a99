/** Tokenizers of the mini reasoners' kind, for tests. */
import { join } from "node:path";
import { loadTokenizer, type Tokenizer } from "@/lib/models/mod.ts";
import { tokenizerFiles } from "@/experiments/pretraining/tokenizer.ts";

/** Loads the tokenizer of some words from files that it writes. */
export function writtenTokenizer(words: readonly string[]): Tokenizer {
  const folder = Deno.makeTempDirSync();
  try {
    for (const [name, text] of Object.entries(tokenizerFiles(words))) {
      Deno.writeTextFileSync(join(folder, name), text);
    }
    return loadTokenizer(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
