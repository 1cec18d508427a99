/** `deno task retriever`: a search engine over HTTP for TriviaQA, PopQA and FEVER. */
// deno-lint-ignore-file no-console
import {
  readCorpus,
  retrieveHandler,
  searchInMemory,
} from "@/lib/benchmarks/mod.ts";
import { runTask, UsageError } from "@/tasks/cli.ts";
import type { TaskDefinition } from "@/tasks/task_definition.ts";

/** What `deno task retriever` takes. */
export const DEFINITION = {
  name: "retriever",
  description:
    "Serves a corpus on this machine with the interface of Search-R1's retrieval server, by BM25 in memory (k1 0.9, b 0.4, no stemming), until Ctrl-C: POST /retrieve takes {queries, topk, return_scores} and gives {result}. For up to about 100,000 passages (1 GB of memory, a sixth of a second a query); for all of Wikipedia, run Search-R1's own server in its place.",
  options: {
    corpus: {
      type: "string",
      placeholder: "FILE",
      help: 'JSONL with the texts "id" and "contents" in each row',
      required: true,
    },
    port: {
      type: "integer",
      placeholder: "N",
      minimum: 1,
      maximum: 65535,
      help: "Port on 127.0.0.1, where the released code looks for 8001",
      default: 8001,
    },
  },
  examples: [
    "--corpus .runs/twins/triviaqa/corpus.jsonl",
    "--corpus corpus.jsonl --port 8000",
  ],
} as const satisfies TaskDefinition;

if (import.meta.main) {
  await runTask(DEFINITION, async ({ corpus, port }) => {
    const passages = await readCorpus(corpus);
    const handler = retrieveHandler(searchInMemory(passages));
    const hostname = "127.0.0.1";
    try {
      await Deno.serve({
        hostname,
        port,
        onListen: () =>
          console.log(
            `http://${hostname}:${port}/retrieve: ${passages.length} passages of ${corpus}`,
          ),
      }, handler).finished;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
      throw new UsageError(
        DEFINITION.name,
        "--port must be free",
        `${port}, where another program listens`,
      );
    }
  });
}
