import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { exportCheckpoint } from "@/tasks/export_memgen.ts";
import { UsageError } from "@/tasks/cli.ts";
import { withFolder } from "@/tests/folder.ts";
import { parityPath } from "@/tests/models/tiny.ts";
import { runChild } from "@/tests/run_child.ts";

const MODEL = parityPath("models", "tiny-qwen2.5");
const MEMGEN = parityPath(
  "expected",
  "tiny-qwen2.5",
  "memgen-trigger",
  "checkpoint",
);

Deno.test("deno task export-memgen exports a checkpoint and prints its options", () =>
  withFolder(async (folder) => {
    const output = join(folder, "released");
    const script = new URL("../../tasks/export_memgen.ts", import.meta.url);
    const args = ["--model", MODEL, "--memgen", MEMGEN, "--output", output];
    const { code, stdout, stderr } = await runChild(script, args);
    assertEquals(code, 0, stderr);
    for (
      const option of [
        `model.load_model_path ${output}`,
        "model.weaver.prompt_latents_len 4",
        "model.trigger.active True",
        "model.trigger.lora_config.target_modules '[q_proj,v_proj]'",
      ]
    ) assertStringIncludes(stdout, option);
    const names = Array.from(Deno.readDirSync(output), ({ name }) => name);
    assertEquals(names.sort(), [
      "config.json",
      "projs.bin",
      "trigger",
      "trigger.bin",
      "weaver",
      "weaver.bin",
    ]);
  }));

Deno.test("exportCheckpoint() does not write over the checkpoint", async () => {
  await assertRejects(
    () =>
      exportCheckpoint({ model: MODEL, memgen: MEMGEN, output: `${MEMGEN}/` }),
    UsageError,
    "Cannot run export-memgen as --output must be another folder than --memgen",
  );
});
