/** Programs that do harm: none escapes, each gets the right verdict. */
import { assert, assertEquals } from "@std/assert";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Isolation, runTests } from "@/lib/benchmarks/execution/mod.ts";
import {
  ANSWER_TEST,
  type Targets,
} from "@/tests/benchmarks/execution/hostile_program.ts";
import { hostilePrograms } from "@/tests/benchmarks/execution/hostile_programs.ts";
import { processesMarked } from "@/tests/benchmarks/execution/processes.ts";
import { withFolder } from "@/tests/folder.ts";

const RUNNER = fileURLToPath(import.meta.resolve(
  "@/lib/benchmarks/execution/runner.py",
));

/** What the machine allows: the best, and what there always is. */
const BEST = (await runTests({
  mode: "pytest",
  solution: "answer = lambda: 42",
  test: ANSWER_TEST,
})).isolation;

testIn(BEST, undefined);
if (BEST !== "audit hook") testIn("audit hook", "audit hook");

/** `forced` is what is asked for; nothing, as evaluations do, where it can be. */
function testIn(isolation: Isolation, forced: Isolation | undefined): void {
  Deno.test(`runTests() keeps hostile programs in (${isolation})`, async () => {
    await withFolder(async (outside) => {
      await Deno.writeTextFile(join(outside, "secret.txt"), "secret");
      const runner = await Deno.readTextFile(RUNNER);
      const before = programFolders();
      using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      let connections = 0;
      const accepted = countConnections(tcp, () => connections += 1);
      const programs = hostilePrograms({
        outside,
        parent: Deno.pid,
        port: (tcp.addr as Deno.NetAddr).port,
        runner: RUNNER,
        mark: markOf(isolation),
      });
      assert(programs.length >= 105);
      const verdicts = await Promise.all(programs.map(
        async ({ name, mode = "pytest", solution, test, timeoutMs }) => {
          const program = { mode, solution, test: test ?? ANSWER_TEST };
          const options = { timeoutMs, isolation: forced };
          return [name, await runTests(program, options)] as const;
        },
      ));
      const wrong = verdicts.filter(([, verdict], i) => {
        const { expected } = programs[i];
        return verdict.isolation !== isolation || verdict.status !==
            (typeof expected === "string" ? expected : expected[isolation]);
      });
      assertEquals(wrong, []);
      assertEquals(connections, 0);
      assertEquals([...Deno.readDirSync(outside)].length, 1);
      assertEquals(
        await Deno.readTextFile(join(outside, "secret.txt")),
        "secret",
      );
      assertEquals(await Deno.readTextFile(RUNNER), runner);
      assertEquals(await processesMarked(markOf(isolation)), []);
      await waitUntilGone(programFolders().difference(before));
      tcp.close();
      await accepted;
    });
  });
}

/** Folders of programs that are there, those of other tests, too. */
function programFolders(): Set<string> {
  const names = [...Deno.readDirSync(tmpdir())].map(({ name }) => name);
  return new Set(names.filter((name) => name.startsWith("memgen_program_")));
}

/** Folders of other tests go, too. */
async function waitUntilGone(folders: ReadonlySet<string>): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (folders.intersection(programFolders()).size === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(
    `Cannot go on as no folder may be left: current value is ${[...folders]}`,
  );
}

/** At most 15 characters, as the kernel allows. */
function markOf(isolation: Isolation): Targets["mark"] {
  return `${isolation.slice(0, 5)}${Deno.pid}`;
}

async function countConnections(
  listener: Deno.Listener,
  count: () => void,
): Promise<void> {
  try {
    for await (const connection of listener) {
      count();
      connection.close();
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}
