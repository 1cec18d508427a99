/** A process that answers a share of an evaluation's tasks; see evaluation_shares.ts. */
import { startBackend } from "@/tasks/backend.ts";
import { answerTasks, openTasks } from "@/tasks/evaluation_answers.ts";
import type { WorkerOrder, WorkerReport } from "@/tasks/evaluation_shares.ts";

function report(line: WorkerReport): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  for (let written = 0; written < bytes.length;) {
    written += Deno.stdout.writeSync(bytes.subarray(written));
  }
}

const order: WorkerOrder = await new Response(Deno.stdin.readable).json();
try {
  const opened = await openTasks(order.options);
  await startBackend(order.backend);
  const { records } = await answerTasks(opened, order.options, {
    chosen: order.chosen,
    onProgress: (done) => report({ done }),
  });
  report({ records });
} catch (error) {
  report({ error: error instanceof Error ? error.message : String(error) });
  Deno.exit(1);
}
