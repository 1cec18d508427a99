import { assert, assertEquals, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import { fetchHubFiles } from "@/lib/benchmarks/hub_files.ts";
import { type FakeHub, withHub } from "@/tests/benchmarks/hub_server.ts";
import { withFolder } from "@/tests/folder.ts";

const HUB_ID = "owner/data";
const FILES = ["a/x.parquet", "y.csv"].map((path) => ({ hubId: HUB_ID, path }));
const X = Uint8Array.from({ length: 200_000 }, (_, i) => (i * i) % 251);
const Y = new TextEncoder().encode("id\n1\n");

/** Tests `use` with a hub of two files and an empty folder. */
function hubTest(
  name: string,
  use: (
    hub: FakeHub,
    options: { folder: string; hubUrl: string },
  ) => Promise<void>,
): void {
  Deno.test({
    name,
    // @huggingface/hub leaves bodies of one byte unread.
    sanitizeResources: false,
    sanitizeOps: false,
    fn: () =>
      withFolder((folder) =>
        withHub(async (hub, hubUrl) => {
          hub.files.set(`${HUB_ID}/a/x.parquet`, X);
          hub.files.set(`${HUB_ID}/y.csv`, Y);
          await use(hub, { folder, hubUrl });
        })
      ),
  });
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory
      ? namesIn(join(folder, name)).map((inner) => `${name}/${inner}`)
      : [name]
  ).sort();
}

hubTest(
  "fetchHubFiles() downloads files under their names",
  async (_, options) => {
    const steps: [number, number][] = [];
    const fetched = await fetchHubFiles(FILES, {
      ...options,
      onProgress: (done, total) => steps.push([done, total]),
    });
    assertEquals(fetched, ["a/x.parquet", "y.csv"]);
    assertEquals(namesIn(options.folder), ["a/x.parquet", "y.csv"]);
    assertEquals(await Deno.readFile(join(options.folder, "a/x.parquet")), X);
    assertEquals(await Deno.readFile(join(options.folder, "y.csv")), Y);
    const total = X.length + Y.length;
    assertEquals(steps[0], [0, total]);
    assertEquals(steps.at(-1), [total, total]);
    assert(steps.every(([done], i) => i === 0 || done >= steps[i - 1][0]));
  },
);

hubTest(
  "fetchHubFiles() asks nothing for files that are there",
  async (hub, options) => {
    await fetchHubFiles(FILES, options);
    hub.requests.length = 0;
    assertEquals(await fetchHubFiles(FILES, options), []);
    assertEquals(hub.requests, []);
  },
);

hubTest(
  "fetchHubFiles() goes on where the connection broke",
  async (hub, options) => {
    hub.breakAfter = 70_000;
    await assertRejects(
      () => fetchHubFiles(FILES, options),
      Error,
      "Cannot fetch a/x.parquet of owner/data as all of it must arrive and be written: current value is",
    );
    const [part, ...others] = namesIn(options.folder);
    assertEquals(others, []);
    assert(/^a\/x\.parquet\.[0-9a-f]{64}\.part$/.test(part), part);
    const { size } = await Deno.stat(join(options.folder, part));
    assert(size > 0 && size <= 70_000);

    hub.breakAfter = Infinity;
    hub.requests.length = 0;
    await fetchHubFiles(FILES, options);
    assertEquals(
      hub.requests.filter(({ range }) => range !== "bytes=0-0"),
      [
        { path: "a/x.parquet", range: `bytes=${size}-199999` },
        { path: "y.csv", range: "" },
      ],
    );
    assertEquals(await Deno.readFile(join(options.folder, "a/x.parquet")), X);
    assertEquals(namesIn(options.folder), ["a/x.parquet", "y.csv"]);
  },
);

hubTest(
  "fetchHubFiles() starts anew where the hub's file has changed",
  async (hub, options) => {
    hub.breakAfter = 70_000;
    await assertRejects(() => fetchHubFiles(FILES, options));
    hub.breakAfter = Infinity;
    const changed = X.map((value) => value + 1);
    hub.files.set(`${HUB_ID}/a/x.parquet`, changed);
    await fetchHubFiles(FILES, options);
    assertEquals(
      await Deno.readFile(join(options.folder, "a/x.parquet")),
      changed,
    );
  },
);

hubTest(
  "fetchHubFiles() finishes a file that lacks only its name",
  async (hub, options) => {
    const version = createHash("sha256").update(X).digest("hex");
    const part = join(options.folder, `a/x.parquet.${version}.part`);
    await Deno.mkdir(dirname(part));
    await Deno.writeFile(part, X);
    await fetchHubFiles(FILES.slice(0, 1), options);
    assertEquals(await Deno.readFile(join(options.folder, "a/x.parquet")), X);
    assertEquals(hub.requests.map(({ range }) => range), ["bytes=0-0"]);
  },
);

hubTest(
  "fetchHubFiles() compares with the hub's SHA-256 or git's SHA-1",
  async (hub, options) => {
    hub.etag = createHash("sha1").update(`blob ${X.length}\0`).update(X)
      .digest("hex");
    await fetchHubFiles(FILES.slice(0, 1), options);
    for (const length of [40, 64]) {
      hub.etag = "0".repeat(length);
      await assertRejects(
        () => fetchHubFiles(FILES.slice(1), options),
        Error,
        `Cannot fetch y.csv as its checksum must be ${hub.etag}: current value is`,
      );
      assertEquals(namesIn(options.folder), ["a/x.parquet"]);
    }
  },
);

hubTest(
  "fetchHubFiles() does not trust a part that is damaged",
  async (_, options) => {
    const version = createHash("sha256").update(X).digest("hex");
    const part = join(options.folder, `a/x.parquet.${version}.part`);
    await Deno.mkdir(dirname(part));
    await Deno.writeFile(part, new Uint8Array(1000));
    await assertRejects(
      () => fetchHubFiles(FILES, options),
      Error,
      `Cannot fetch a/x.parquet as its checksum must be ${version}`,
    );
    await fetchHubFiles(FILES, options);
    assertEquals(await Deno.readFile(join(options.folder, "a/x.parquet")), X);
  },
);

hubTest(
  "fetchHubFiles() says that a file is gated, absent, or the hub broken",
  async (hub, options) => {
    hub.gated.add(HUB_ID);
    const message =
      "Cannot fetch a/x.parquet as the hub must let you read owner/data: current value is status ";
    await assertRejects(
      () => fetchHubFiles(FILES, options),
      Deno.errors.PermissionDenied,
      `${message}401`,
    );
    await assertRejects(
      () => fetchHubFiles(FILES, { ...options, accessToken: "hf_wrong" }),
      Deno.errors.PermissionDenied,
      `${message}403`,
    );
    await fetchHubFiles(FILES, { ...options, accessToken: "hf_right" });
    await assertRejects(
      () => fetchHubFiles([{ hubId: "owner/other", path: "z" }], options),
      Deno.errors.NotFound,
      "Cannot fetch z as owner/other must have it: current value is no such file",
    );
    await assertRejects(
      () => fetchHubFiles([{ hubId: "no/route", path: "" }], options),
      Error,
      "as the hub must answer with it: current value is status 500; run again to go on",
    );
    await assertRejects(
      () =>
        fetchHubFiles([{ hubId: HUB_ID, path: "z" }], {
          ...options,
          hubUrl: "http://127.0.0.1:1",
        }),
      Error,
      "Cannot fetch z of owner/data as all of it must arrive and be written: current value is",
    );
  },
);

hubTest(
  "fetchHubFiles() leaves a file to one process at a time",
  async (_, options) => {
    const version = createHash("sha256").update(X).digest("hex");
    const part = join(options.folder, `a/x.parquet.${version}.part`);
    await Deno.mkdir(dirname(part));
    using other = await Deno.open(part, { create: true, write: true });
    await other.lock(true);
    await assertRejects(
      () => fetchHubFiles(FILES, options),
      Error,
      `Cannot fetch a/x.parquet as one process at a time may write ${part}: current value is another one`,
    );
  },
);
