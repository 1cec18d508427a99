/** Holds a ledger's database for itself, for 300 milliseconds. */
/// <reference lib="deno.worker" />
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

self.onmessage = ({ data: folder }: MessageEvent<string>) => {
  using database = new DatabaseSync(join(folder, "ledger.sqlite"));
  database.exec("BEGIN EXCLUSIVE");
  self.postMessage("locked");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
  database.exec("COMMIT");
};
