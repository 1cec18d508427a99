import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import pl from "nodejs-polars";
import { BENCHMARK_NAMES } from "@/lib/benchmarks/mod.ts";
import { DATA_SOURCES } from "@/lib/benchmarks/sources.ts";
import { parseArguments, UsageError } from "@/tasks/cli.ts";
import { DEFINITION, describeSource, fetchData } from "@/tasks/fetch_data.ts";
import { type FakeHub, withHub } from "@/tests/benchmarks/hub_server.ts";
import { withFolder } from "@/tests/folder.ts";

/** Tests `use` with a hub and a new folder. */
function hubTest(
  name: string,
  use: (hub: FakeHub, hubUrl: string, folder: string) => Promise<void>,
): void {
  Deno.test({
    name,
    // @huggingface/hub leaves bodies of one byte unread.
    sanitizeResources: false,
    sanitizeOps: false,
    fn: () =>
      withFolder((folder) =>
        withHub((hub, hubUrl) => use(hub, hubUrl, folder))
      ),
  });
}

/** A parquet file of that many problems. */
function gsm8kFile(count: number): Promise<Uint8Array> {
  return withFolder(async (folder) => {
    const path = join(folder, "rows.parquet");
    const row = { question: "What is 1+1?", answer: "It is 2.\n#### 2" };
    pl.DataFrame(Array.from({ length: count }, () => row)).writeParquet(path);
    return await Deno.readFile(path);
  });
}

async function putGsm8k(hub: FakeHub, testCount = 1319): Promise<void> {
  const prefix = "openai/gsm8k/main";
  const suffix = "00000-of-00001.parquet";
  hub.files.set(`${prefix}/train-${suffix}`, await gsm8kFile(7473));
  hub.files.set(`${prefix}/test-${suffix}`, await gsm8kFile(testCount));
}

hubTest(
  "fetchData() fills a folder and counts its tasks",
  async (hub, hubUrl, folder) => {
    await putGsm8k(hub);
    const options = { benchmark: "gsm8k", folder, hubUrl, acceptTerms: false };
    const tasks = "Tasks: train 6726, valid 747, test 1319";
    assertEquals(
      await fetchData(options),
      `gsm8k: 2 files in ${folder}, 2 of them new\n${tasks}`,
    );
    assertEquals(
      await fetchData(options),
      `gsm8k: 2 files in ${folder}, 0 of them new\n${tasks}`,
    );
  },
);

hubTest(
  "fetchData() refuses files with another number of tasks",
  async (hub, hubUrl, folder) => {
    await putGsm8k(hub, 1318);
    await assertRejects(
      () =>
        fetchData({ benchmark: "gsm8k", folder, hubUrl, acceptTerms: false }),
      RangeError,
      `Cannot use ${folder} as gsm8k test must have 1319 tasks: current value is 1318`,
    );
  },
);

hubTest(
  "fetchData() downloads nothing before its terms are accepted",
  async (hub, hubUrl, folder) => {
    for (const benchmark of ["kodcode", "gpqa"]) {
      await assertRejects(
        () => fetchData({ benchmark, folder, hubUrl, acceptTerms: false }),
        UsageError,
        `Cannot run fetch-data as --accept-terms must be given once you accept the terms of ${benchmark}: current value is none`,
      );
    }
    assertEquals(hub.requests, []);
  },
);

hubTest(
  "fetchData() says how to get access to GPQA",
  async (hub, hubUrl, folder) => {
    hub.gated.add("Idavidrein/gpqa");
    await assertRejects(
      () => fetchData({ benchmark: "gpqa", folder, hubUrl, acceptTerms: true }),
      Deno.errors.PermissionDenied,
      `Cannot fetch gpqa_main.csv as the hub must let you read Idavidrein/gpqa: current value is status 401. ${DATA_SOURCES.gpqa.terms}`,
    );
  },
);

Deno.test("describeSource() says the licence, the terms and what must be got by hand", () => {
  assertEquals(describeSource("gsm8k"), "Licence: MIT.");
  assertStringIncludes(
    describeSource("kodcode"),
    "Terms: KodCode is CC BY-NC 4.0: you may use it for non-commercial purposes only",
  );
  assertStringIncludes(
    describeSource("alfworld"),
    "By hand: The games are not on the hub. Download json_2.1.3_tw-pddl.zip from release 0.4.2 of alfworld/alfworld on GitHub",
  );
});

hubTest(
  "fetchData() asks the hub nothing where it has no file, and counts what came by hand",
  async (hub, hubUrl, folder) => {
    const options = { benchmark: "fever", folder, hubUrl, acceptTerms: false };
    assertEquals(
      await fetchData(options),
      `fever: no file to download\nTasks: to be counted by another run. Cannot load fever as the folder must hold paper_test.jsonl of fever.ai: current value is ${folder}`,
    );
    const claims = Array.from({ length: 9999 }, (_, id) =>
      JSON.stringify({
        id,
        verifiable: "VERIFIABLE",
        label: "SUPPORTS",
        claim: "Tarn is a river.",
      }));
    const path = join(folder, "paper_test.jsonl");
    await Deno.writeTextFile(path, claims.join("\n"));
    assertEquals(
      await fetchData(options),
      "fever: no file to download\nTasks: test 9999",
    );
    await Deno.writeTextFile(path, claims.slice(1).join("\n"));
    await assertRejects(
      () => fetchData(options),
      RangeError,
      `Cannot use ${folder} as fever test must have 9999 tasks: current value is 9998`,
    );
    assertEquals(hub.requests, []);
  },
);

hubTest(
  "fetchData() says which of ALFWorld's games must come before its tasks are counted",
  async (hub, hubUrl, folder) => {
    const game = "json_2.1.1/train/a/trial_1/game.tw-pddl";
    const bytes = await withFolder(async (folder) => {
      const path = join(folder, "rows.parquet");
      const row = {
        id: "alf_0",
        "game_file": game,
        conversations: [
          { from: "human", value: "room" },
          { from: "gpt", value: "Action: look" },
        ],
      };
      pl.readJSON(Buffer.from(JSON.stringify(row)), { format: "lines" })
        .writeParquet(path);
      return await Deno.readFile(path);
    });
    const name = "alfworld/train-00000-of-00001.parquet";
    hub.files.set(`Solaris99/AgentBank/${name}`, bytes);
    assertEquals(
      await fetchData({
        benchmark: "alfworld",
        folder,
        hubUrl,
        acceptTerms: false,
      }),
      `alfworld: 1 files in ${folder}, 1 of them new\nTasks: to be counted by another run. Cannot read ${folder}/${game} as it must be a game of ALFWorld (alfworld-download): current value is none`,
    );
  },
);

Deno.test("DATA_SOURCES has the number of tasks of all that is published", () => {
  for (const [name, { tasks }] of Object.entries(DATA_SOURCES)) {
    // ScienceWorld's tasks are made by its program.
    assertEquals(tasks === undefined, name === "scienceworld", name);
  }
});

Deno.test("DATA_SOURCES knows every benchmark, and how to get all of its files", () => {
  for (const name of BENCHMARK_NAMES) assert(name in DATA_SOURCES, name);
  for (const [name, { files, byHand }] of Object.entries(DATA_SOURCES)) {
    assert(files.length > 0 || byHand !== undefined, name);
    const paths = new Set(files.map(({ path }) => path));
    assertEquals(paths.size, files.length, name);
  }
});

Deno.test("deno task fetch-data: its examples are right", () => {
  for (const example of DEFINITION.examples) {
    parseArguments(DEFINITION, example.split(" "));
  }
});

hubTest(
  "deno task fetch-data: downloads and prints as a process",
  async (hub, hubUrl, folder) => {
    await putGsm8k(hub);
    const task = fileURLToPath(
      new URL("../../tasks/fetch_data.ts", import.meta.url),
    );
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", task, "gsm8k", "--output", folder],
      env: { NO_COLOR: "1", HF_ENDPOINT: hubUrl, HF_TOKEN: "hf_right" },
    }).output();
    const progress = new TextDecoder().decode(stderr);
    assertEquals(code, 0, progress);
    assertStringIncludes(progress, "Download gsm8k (MB)");
    assertStringIncludes(
      new TextDecoder().decode(stdout),
      "Tasks: train 6726, valid 747, test 1319",
    );
  },
);
