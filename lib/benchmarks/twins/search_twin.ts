/** What the twins of TriviaQA, PopQA and FEVER have in common. */
import { join } from "node:path";
import { SearchEnvironment } from "../search_environment.ts";
import type { Split } from "../task.ts";
import {
  drawRelationGlossary,
  knownRelationWords,
  type RelationGlossary,
  worldRelations,
} from "./relation_words.ts";
import { shiftedFacts, skinned } from "./search_controls.ts";
import { searchFailures } from "./search_failures.ts";
import { searchInjectors } from "./search_faults.ts";
import {
  demonstrate,
  formRandom,
  knowingHabits,
  type ProblemParts,
  type SearchForm,
  searchProblem,
} from "./search_form.ts";
import type { Request } from "./search_language.ts";
import { RELATION_WORDS } from "./search_lexicon.ts";
import { searchPolicies } from "./search_policies.ts";
import {
  practiseSearch,
  relationNotes,
  withDistractors,
} from "./search_practice.ts";
import {
  drawRequest,
  type SearchProblem,
  splitOfRequest,
} from "./search_problem.ts";
import { searchSolver } from "./search_solver.ts";
import { formatOnly } from "./single_turn.ts";
import type { Twin } from "./twin.ts";

/** What a search twin does not share. */
export interface SearchTwinParts extends
  Pick<
    Twin<SearchProblem>,
    "sizes" | "trainingSizes" | "maxTokens" | "about" | "revise" | "byHeart"
  > {
  /** Controls besides those that all have. @default {{}} */
  readonly controls?: Twin<SearchProblem>["controls"];
  /** Writes problems, but for the corpus. */
  writeSplits(
    folder: string,
    problems: (split: Split) => readonly SearchProblem[],
  ): Promise<void>;
}

/** A search twin. */
export function makeSearchTwin(
  form: SearchForm,
  { writeSplits, controls, ...parts }: SearchTwinParts,
): Twin<SearchProblem> {
  const { benchmark, kinds } = form;
  const { sizes } = parts;
  const world = worldRelations();
  const requests = keepingRequests(form, world);
  const shifted = shiftedFacts();
  const shiftedRequests = keepingRequests(form, shifted);

  function problem(split: Split, index: number): SearchProblem {
    const request = requests(split)[index];
    return worked(
      form,
      partsOf(form, { split, index, request, glossary: world }),
    );
  }
  function problems(split: Split): SearchProblem[] {
    return Array.from({ length: sizes[split] }, (_, i) => problem(split, i));
  }

  return {
    ...parts,
    benchmark,
    world: "relation words",
    known: { facts: knownRelationWords().size, of: RELATION_WORDS.length },
    problem,
    async write(folder) {
      await Deno.mkdir(folder, { recursive: true });
      await writeSplits(folder, problems);
      await writeLines(
        join(folder, "corpus.jsonl"),
        form.library().passages.map((passage) => JSON.stringify(passage)),
      );
    },
    policies: () =>
      searchPolicies(
        (problem) => knowingHabits(form, problem),
        mostFrequent(problems("test").map(({ answer }) => answer)),
      ),
    noted(notedWorld, index, distractors = 0) {
      const random = formRandom(form, "notes", notedWorld, index);
      const glossary = notedWorld === "own"
        ? world
        : drawRelationGlossary(random);
      const base = form.base("test");
      const asked = drawRequest(random, {
        glossary,
        base,
        kinds,
        accepts: (request) => splitOfRequest(request) === "test",
      });
      const words = withDistractors(random, asked.words, distractors);
      return searchProblem(form, {
        id: `${benchmark.name}-notes/${notedWorld}/${index}`,
        meta: {},
        split: "test",
        request: form.complete(random, {
          request: asked,
          meanings: glossary,
          base,
        }),
        meanings: glossary,
        base,
        library: form.library,
        notes: relationNotes(glossary, words),
      });
    },
    practise: (random) => practiseSearch(form, random),
    failureEvents: searchFailures,
    injectors: searchInjectors(form),
    controls: {
      "permuted skin": (split, index) => {
        const request = requests(split)[index];
        const parts = partsOf(form, { split, index, request, glossary: world });
        return worked(form, skinned(control(parts, "skin")));
      },
      "shifted facts": (split, index) => {
        const request = shiftedRequests(split)[index];
        const parts = partsOf(form, {
          split,
          index,
          request,
          glossary: shifted,
        });
        return worked(form, control(parts, "shifted"));
      },
      "format only": (split, index) =>
        formatOnly(
          problem(split, index),
          problem(split, (index + 1) % sizes[split]),
        ),
      ...controls,
    },
    makeEnvironment: ({ task, library }) =>
      new SearchEnvironment(task, {
        search: library().search,
        isRight: (answer) => form.isRight(answer, task.gold),
      }),
  };
}

/** The requests of each split, made once. */
function keepingRequests(
  form: SearchForm,
  glossary: RelationGlossary,
): (split: Split) => readonly Request[] {
  const made = new Map<Split, readonly Request[]>();
  return (split) => {
    const requests = made.get(split) ?? form.requests(split, glossary);
    made.set(split, requests);
    return requests;
  };
}

/** A numbered request of a split. */
interface Numbered {
  readonly split: Split;
  readonly index: number;
  /** Absent if there are not so many. */
  readonly request: Request | undefined;
  readonly glossary: RelationGlossary;
}

function partsOf(
  form: SearchForm,
  { split, index, request, glossary }: Numbered,
): ProblemParts {
  if (request === undefined) {
    throw new RangeError(
      `Cannot pose a problem of ${form.benchmark.name} as the split ${split} must have so many: current value is ${index}`,
    );
  }
  const base = form.base(split);
  const asked = { request, meanings: glossary, base };
  return {
    ...form.label(split, index, request),
    ...asked,
    split,
    request: form.complete(formRandom(form, split, index), asked),
    library: form.library,
  };
}

/** Parts with an id that is not that of the benchmark's own problem. */
function control(parts: ProblemParts, name: string): ProblemParts {
  return { ...parts, id: parts.id.replace("/", `-${name}/`) };
}

/** A problem, with a demonstration where the benchmark's loader gives one. */
function worked(form: SearchForm, parts: ProblemParts): SearchProblem {
  const problem = searchProblem(form, parts);
  if (parts.split === "test") return problem;
  const oracle = searchSolver(knowingHabits(form, problem));
  const demonstration = demonstrate(problem, oracle);
  return { ...problem, task: { ...problem.task, demonstration } };
}

function mostFrequent(answers: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const answer of answers) {
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return [...counts].reduce((a, b) => b[1] > a[1] ? b : a)[0];
}

/** Writes a file of lines. */
export async function writeLines(
  path: string,
  lines: readonly string[],
): Promise<void> {
  await Deno.writeTextFile(path, `${lines.join("\n")}\n`);
}
