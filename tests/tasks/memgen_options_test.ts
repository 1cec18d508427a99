import "@/tests/backend.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { disposeMemgen } from "@/lib/memgen/mod.ts";
import { parseDecoderConfig, readJsonObject } from "@/lib/models/mod.ts";
import { UsageError } from "@/tasks/cli.ts";
import {
  loadMemgenModules,
  type MemgenArguments,
  requireMemgenArguments,
} from "@/tasks/memgen_options.ts";
import { parityPath, tensorTest } from "@/tests/models/tiny.ts";

Deno.test("requireMemgenArguments() refuses a trigger without MemGen", () => {
  assertThrows(
    () => requireMemgenArguments("generate", { trigger: "active" }),
    UsageError,
    "Cannot run generate as --trigger must come with --memgen: current value is only active",
  );
  requireMemgenArguments("generate", {});
  requireMemgenArguments("generate", { memgen: "m" });
  requireMemgenArguments("generate", { memgen: "m", trigger: "always" });
});

tensorTest(
  "loadMemgenModules() loads nothing without a folder, and lets the trigger override the checkpoint",
  async () => {
    const file = parityPath("models", "tiny-qwen2.5", "config.json");
    const model = parseDecoderConfig(readJsonObject(file), file);
    const isActive = async (
      args: MemgenArguments,
    ): Promise<boolean | undefined> => {
      const modules = await loadMemgenModules(args, model);
      if (modules !== undefined) disposeMemgen(modules);
      return modules?.config.triggerActive;
    };
    const folder = (kind: string): string =>
      parityPath("expected", "tiny-qwen2.5", kind, "checkpoint");
    const [always, trigger] = ["memgen-always", "memgen-trigger"].map(folder);
    assertEquals(await isActive({}), undefined);
    assertEquals(await isActive({ memgen: always }), false);
    assertEquals(await isActive({ memgen: trigger }), true);
    assertEquals(await isActive({ memgen: always, trigger: "active" }), true);
    assertEquals(await isActive({ memgen: trigger, trigger: "always" }), false);
  },
);
