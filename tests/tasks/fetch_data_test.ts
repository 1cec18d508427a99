import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
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
  "fetchData() asks the hub nothing where it has no file",
  async (hub, hubUrl, folder) => {
    const options = { benchmark: "fever", folder, hubUrl, acceptTerms: false };
    assertEquals(await fetchData(options), "fever: no file to download");
    assertEquals(hub.requests, []);
  },
);

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
