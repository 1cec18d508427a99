/** Programs that do harm: none escapes, each gets the right verdict. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Isolation, runTests } from "@/lib/benchmarks/execution/mod.ts";
import {
  ANSWER_TEST,
  hostilePrograms,
  type Targets,
} from "@/tests/benchmarks/execution/hostile_programs.ts";
import { processesNamed } from "@/tests/benchmarks/execution/processes.ts";
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
const ISOLATIONS = new Set<Isolation>([BEST, "audit hook"]);

for (const isolation of ISOLATIONS) {
  Deno.test(`runTests() keeps hostile programs in (${isolation})`, async () => {
    await withFolder(async (outside) => {
      await Deno.writeTextFile(join(outside, "secret.txt"), "secret");
      const runner = await Deno.readTextFile(RUNNER);
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
      assert(programs.length >= 25);
      const verdicts = await Promise.all(programs.map(
        async ({ name, mode = "pytest", solution, test, ...program }) => {
          const verdict = await runTests(
            { mode, solution, test: test ?? ANSWER_TEST },
            { timeoutMs: program.timeoutMs, isolation },
          );
          assert(
            program.expected.includes(verdict.status),
            `${name}: ${Deno.inspect(verdict)}`,
          );
          return verdict;
        },
      ));
      assert(verdicts.every((verdict) => verdict.isolation === isolation));
      assertEquals(connections, 0);
      assertEquals([...Deno.readDirSync(outside)].length, 1);
      assertEquals(
        await Deno.readTextFile(join(outside, "secret.txt")),
        "secret",
      );
      assertEquals(await Deno.readTextFile(RUNNER), runner);
      assertEquals(await processesNamed(markOf(isolation)), []);
      tcp.close();
      await accepted;
    });
  });
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
