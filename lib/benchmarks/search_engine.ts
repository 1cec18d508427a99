/** What a benchmark with a search engine opens: the engine, and environments. */
import { join } from "node:path";
import type { Environment } from "../training/mod.ts";
import { isFile } from "./files.ts";
import { type PassageSearch, readCorpus, searchInMemory } from "./passages.ts";
import { openRetriever } from "./retriever.ts";
import { SearchEnvironment } from "./search_environment.ts";
import type { Benchmark, Task } from "./task.ts";

/** The corpus of a folder, in the form of Search-R1's. */
const CORPUS_FILE = "corpus.jsonl";

/** What environments need to know of their benchmark. */
export interface SearchBenchmark extends Pick<Benchmark, "name" | "load"> {
  /** Whether an answer is right. */
  readonly isRight: (answer: string, gold: string) => boolean;
}

/** Makes the `openEnvironments` of a benchmark. */
export function openSearchEnvironments(
  { name, load, isRight }: SearchBenchmark,
): NonNullable<Benchmark["openEnvironments"]> {
  return async (folder, { retriever } = {}) => {
    const search = retriever === undefined
      ? await searchFolder(folder, name)
      : await openRetriever(retriever, probesOf(await load(folder, "test")));
    return (task): Environment =>
      new SearchEnvironment(task, {
        search,
        isRight: (answer) => isRight(answer, task.gold),
      });
  };
}

async function searchFolder(
  folder: string,
  name: string,
): Promise<PassageSearch> {
  const path = join(folder, CORPUS_FILE);
  if (!await isFile(path)) {
    throw new Deno.errors.NotFound(
      `Cannot open the search engine of ${name} as the folder must hold ${CORPUS_FILE}, or the address of a retriever must be given: current value is ${folder}`,
    );
  }
  return searchInMemory(await readCorpus(path));
}

/** The first two questions: an engine for them finds something for each. */
function probesOf(tasks: readonly Task[]): [string, string] {
  const questions = tasks.map(({ messages }) => messages.at(-1)!.content);
  return [questions[0], questions[1] ?? questions[0]];
}
