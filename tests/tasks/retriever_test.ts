import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { openRetriever } from "@/lib/benchmarks/mod.ts";
import { parseArguments } from "@/tasks/cli.ts";
import { DEFINITION } from "@/tasks/retriever.ts";
import { runChild } from "@/tests/run_child.ts";

const TASK = new URL("../../tasks/retriever.ts", import.meta.url);
const CORPUS = fileURLToPath(
  new URL(
    "../benchmarks/fixtures/triviaqa/corpus.jsonl",
    import.meta.url,
  ),
);

/** A port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("deno task retriever: its examples are right", () => {
  for (const example of DEFINITION.examples) {
    parseArguments(DEFINITION, example.split(" "));
  }
});

Deno.test("deno task retriever: serves a corpus until it is stopped", async () => {
  const port = freePort();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", "--no-check", fileURLToPath(TASK)],
      ...["--corpus", CORPUS, "--port", String(port)],
    ],
    env: { NO_COLOR: "1" },
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const url = `http://127.0.0.1:${port}/retrieve`;
    assertEquals(
      (await lines.read()).value,
      `${url}: 5 passages of ${CORPUS}\n`,
    );
    const search = await openRetriever(url, ["Elmford", "Belk"]);
    const [{ document }] = await search("Elmford bridge", 3);
    assertEquals(document.id, "1");
    const second = await runChild(TASK, [
      ...["--corpus", CORPUS, "--port", String(port)],
    ]);
    assertEquals(second.code, 2);
    assertStringIncludes(
      second.stderr,
      `Cannot run retriever as --port must be free: current value is ${port}, where another program listens`,
    );
  } finally {
    child.kill("SIGINT");
    await child.status;
    await lines.cancel();
  }
});

Deno.test("deno task retriever: names a corpus that is not there", async () => {
  const { code, stderr } = await runChild(TASK, ["--corpus", "none.jsonl"]);
  assertEquals(code, 1);
  assertStringIncludes(
    stderr,
    "Cannot read none.jsonl as the file must exist: current value is none",
  );
});
