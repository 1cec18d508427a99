import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { join } from "node:path";
import {
  type Cell,
  cellKey,
  Interrupted,
  Ledger,
} from "@/experiments/ledger.ts";
import { withFolder } from "@/tests/folder.ts";

const CELL: Cell = {
  kind: "demo",
  version: 1,
  settings: { n: 1, list: [1, "a"] },
};

Deno.test("cellKey() depends on content, not on the order of keys", () => {
  const same: Cell = {
    version: 1,
    settings: { list: [1, "a"], n: 1 },
    kind: "demo",
  };
  assertEquals(cellKey(same), cellKey(CELL));
  assertEquals(cellKey(CELL).length, 16);
  for (
    const other of [
      { ...CELL, kind: "other" },
      { ...CELL, version: 2 },
      { ...CELL, settings: { n: 2, list: [1, "a"] } },
      { ...CELL, settings: { n: 1, list: ["a", 1] } },
      { ...CELL, settings: { n: "1", list: [1, "a"] } },
    ]
  ) assertNotEquals(cellKey(other), cellKey(CELL));
});

Deno.test("Ledger.run() computes a cell once and keeps its files", async () => {
  await withFolder(async (folder) => {
    let calls = 0;
    const compute = (at: string): number => {
      calls++;
      Deno.writeTextFileSync(join(at, "file.txt"), "content");
      return 42;
    };
    {
      using ledger = new Ledger(folder);
      assert(!ledger.isDone(CELL));
      const done = await ledger.run(CELL, compute);
      assertEquals(done.result, 42);
      assert(ledger.isDone(CELL));
    }
    using again = new Ledger(folder);
    const done = await again.run(CELL, compute);
    assertEquals([done.result, calls], [42, 1]);
    assertEquals(
      Deno.readTextFileSync(join(done.folder, "file.txt")),
      "content",
    );
  });
});

Deno.test("Ledger.run() makes a cell again whose files were changed or lost", async () => {
  await withFolder(async (folder) => {
    using ledger = new Ledger(folder);
    let calls = 0;
    const compute = (at: string): number => {
      Deno.writeTextFileSync(join(at, "file.txt"), "content");
      return ++calls;
    };
    const { folder: files } = await ledger.run(CELL, compute);
    Deno.writeTextFileSync(join(files, "file.txt"), "contend");
    assertEquals((await ledger.run(CELL, compute)).result, 2);
    Deno.removeSync(files, { recursive: true });
    assertEquals((await ledger.run(CELL, compute)).result, 3);
    Deno.writeTextFileSync(join(files, "more.txt"), "");
    assertEquals((await ledger.run(CELL, compute)).result, 4);
    assertEquals((await ledger.run(CELL, compute)).result, 4);
  });
});

Deno.test("Ledger.run() frees the cell of an error and of an interruption", async () => {
  await withFolder(async (folder) => {
    using ledger = new Ledger(folder);
    for (
      const error of [new RangeError("broken"), new Interrupted("stopped")]
    ) {
      await assertRejects(
        () =>
          ledger.run(CELL, (at) => {
            Deno.writeTextFileSync(join(at, "half.txt"), "half");
            throw error;
          }),
        Error,
        error.message,
      );
      assert(!ledger.isDone(CELL));
    }
    const { result, folder: files } = await ledger.run(CELL, () => "fine");
    assertEquals(result, "fine");
    assertEquals([...Deno.readDirSync(files)], []);
  });
});

Deno.test("Ledger.run() takes over the lease of a process that is gone", async () => {
  await withFolder(async (folder) => {
    const script = join(folder, "child.ts");
    Deno.writeTextFileSync(
      script,
      `
      import { Ledger } from "${new URL(
        "../../experiments/ledger.ts",
        import.meta.url,
      )}";
      const ledger = new Ledger("${join(folder, "ledger")}");
      await ledger.run(${JSON.stringify(CELL)}, async () => {
        console.log("running");
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      });`,
    );
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", script],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    await reader.read();
    await reader.cancel();
    using ledger = new Ledger(join(folder, "ledger"));
    const waiting = ledger.run(CELL, () => "taken over");
    child.kill("SIGKILL");
    await child.status;
    assertEquals((await waiting).result, "taken over");
  });
});

Deno.test("Ledger.run() leaves a cell to the living process that has it", async () => {
  await withFolder(async (folder) => {
    using one = new Ledger(folder);
    using other = new Ledger(folder);
    let calls = 0;
    const compute = async (): Promise<number> => {
      calls++;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return calls;
    };
    const results = await Promise.all([
      one.run(CELL, compute),
      other.run(CELL, compute),
    ]);
    assertEquals(results.map(({ result }) => result), [1, 1]);
  });
});

Deno.test("Ledger waits for another that opens the same new folder", async () => {
  await withFolder(async (folder) => {
    const url = new URL("./ledger_lock_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module" });
    try {
      const locked = new Promise((resolve) => worker.onmessage = resolve);
      worker.postMessage(folder);
      await locked;
      using ledger = new Ledger(folder);
      assert(!ledger.isDone(CELL));
    } finally {
      worker.terminate();
    }
  });
});
