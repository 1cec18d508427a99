import "@/tests/backend.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { QUICK_TRAINING } from "@/experiments/presets.ts";
import {
  disposeMemgen,
  exportMemgen,
  loadMemgen,
  type MemgenConfig,
  type MemgenModules,
} from "@/lib/memgen/mod.ts";
import { openSafetensors } from "@/lib/models/mod.ts";
import type { NamedTensors } from "@/lib/tensorflow/mod.ts";
import { withFolder } from "@/tests/folder.ts";
import { memgenConfig, randomModules } from "@/tests/memgen/tiny_memgen.ts";
import { tensorTest, tinyConfig } from "@/tests/models/tiny.ts";

const MODEL = tinyConfig("qwen2");

/** Exports random modules into a folder, then calls `use`. */
async function withExport(
  changes: Partial<MemgenConfig>,
  use: (folder: string, exported: MemgenModules) => unknown,
): Promise<void> {
  const base = { config: MODEL, weights: {} };
  const modules = randomModules(base, memgenConfig(changes), 2);
  await withFolder(async (parent) => {
    const folder = join(parent, "exported");
    try {
      await exportMemgen(folder, MODEL, modules);
      await use(folder, modules);
    } finally {
      disposeMemgen(modules);
    }
  });
}

function values(tensors: NamedTensors): unknown {
  return Object.entries(tensors).map(([name, x]) => [name, x.dataSync()]);
}

tensorTest(
  "exportMemgen() writes factors under the names that the released loader and PEFT look for",
  () =>
    withExport({}, (folder) => {
      for (const part of ["weaver", "trigger"]) {
        using file = openSafetensors(
          join(folder, part, part, "adapter_model.safetensors"),
        );
        const names = [...file.tensors.keys()];
        const own = names.filter((name) =>
          name.startsWith("base_model.model.model.layers.")
        );
        // Two layers, q_proj and v_proj, A and B.
        assertEquals(own.length, 8);
        assertEquals(names.length, 16);
        for (const name of own) {
          const other = name.replace("base_model.model.", "$&model.");
          assertEquals(file.read(other), file.read(name));
        }
      }
    }),
);

tensorTest(
  "exportMemgen() writes what loadMemgen() reads back",
  () =>
    withExport({}, async (folder, exported) => {
      const loaded = await loadMemgen(folder, MODEL);
      assertEquals(loaded.config, exported.config);
      for (const part of ["weaver", "trigger"] as const) {
        const [now, before] = [loaded, exported].map((modules) =>
          new Map(Object.entries(modules[part]).sort())
        );
        assertEquals(
          values(Object.fromEntries(now)),
          values(Object.fromEntries(before)),
        );
      }
      disposeMemgen(loaded);
    }),
);

tensorTest(
  "exportMemgen() takes what deno task train appends",
  () =>
    withExport(QUICK_TRAINING.memgen, async (folder) => {
      const loaded = await loadMemgen(folder, MODEL);
      assertEquals(loaded.config, QUICK_TRAINING.memgen);
      disposeMemgen(loaded);
    }),
);

for (
  const [changes, message] of [
    [
      { insertion: "prepend" },
      `'insertion' must be "append", what the released code does: current value is "prepend"`,
    ],
    [
      { maxPromptAugmentations: 0 },
      "'max_prompt_aug_num' must be at least 1, what the released code does: current value is 0",
    ],
    [
      { delimitersAfterDigits: false },
      `'delimiters_after_digits' must be true, what the released code does: current value is false`,
    ],
  ] as const
) {
  tensorTest(`exportMemgen() refuses ${JSON.stringify(changes)}`, async () => {
    await assertRejects(
      () => withExport(changes, () => {}),
      RangeError,
      `Cannot export MemGen as ${message}`,
    );
  });
}

tensorTest(
  "exportMemgen() takes any delimiters where none are used",
  () =>
    withExport(
      { delimitersAfterDigits: false, maxInferenceAugmentations: 0 },
      async (folder) => {
        const loaded = await loadMemgen(folder, MODEL);
        assertEquals(loaded.config.maxInferenceAugmentations, 0);
        disposeMemgen(loaded);
      },
    ),
);
