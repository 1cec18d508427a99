/** The name of a model in the settings of what it computes. */
import { createHash } from "node:crypto";
import { join } from "node:path";

/** sha256 of what decides a model's answers. */
export async function modelKey(folder: string): Promise<string> {
  const hash = createHash("sha256");
  for (const name of ["config.json", "tokenizer.json", "model.safetensors"]) {
    hash.update(await Deno.readFile(join(folder, name)));
  }
  return hash.digest("hex").slice(0, 16);
}
