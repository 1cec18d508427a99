/** Starts a backend as a task does; prints what started as JSON. */
// deno-lint-ignore-file no-console
import { startBackend } from "@/tasks/backend.ts";

if (import.meta.main) {
  console.log(JSON.stringify(await startBackend(JSON.parse(Deno.args[0]))));
}
