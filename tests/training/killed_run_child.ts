/** Trains in a folder, saves every third step, and kills itself after the eighth. */
import "@/tests/backend.ts";
import { train } from "@/lib/training/mod.ts";
import { tinyParameters, tinyRun } from "@/tests/training/tiny_run.ts";

const [folder] = Deno.args;
await train(
  tinyParameters(),
  tinyRun({
    checkpoint: { folder, saveEvery: 3, settings: {} },
    onStep(index) {
      if (index === 7) Deno.kill(Deno.pid, "SIGKILL");
    },
  }),
);
