/** The FEVER twin: claims about the TriviaQA twin's corpus. */
import { join } from "node:path";
import { randomChoice } from "../../random.ts";
import { fever, feverPrompt } from "../fever.ts";
import { lookUp, nameOf } from "./knowledge_base.ts";
import type { RequestParts, SearchForm } from "./search_form.ts";
import { type Request, requestKey } from "./search_language.ts";
import { type SearchProblem, stepsOf } from "./search_problem.ts";
import { makeSearchTwin, writeLines } from "./search_twin.ts";
import { SEARCH_BASE } from "./triviaqa_twin.ts";
import type { Twin } from "./twin.ts";

const FORM: SearchForm = {
  ...SEARCH_BASE,
  benchmark: fever,
  requests: (split, glossary) =>
    split === "test" ? SEARCH_BASE.requests(split, glossary) : [],
  complete(random, parts) {
    const { value } = stepsOf(parts.request, parts.meanings, parts.base)!.at(
      -1,
    )!;
    const claim = random() < 0.5
      ? value
      : randomChoice(random, otherValues(parts));
    return { ...parts.request, claim };
  },
  question: (request) => feverPrompt(claimText(request)),
  gold: (_, answer) => answer,
  isRight: (answer, gold) => answer.trim().toUpperCase() === gold,
  label: (_, index) => ({ id: `fever/test/${index}`, meta: {} }),
};

/** Claims in FEVER's file; for evaluation only. */
export const feverTwin: Twin<SearchProblem> = makeSearchTwin(FORM, {
  sizes: { train: 0, valid: 0, test: 1000 },
  trainingSizes: [],
  maxTokens: 512,
  about:
    `Claims such as "The vark of the singer Ann Hill is Port Reed.", to be checked
in the corpus of the TriviaQA twin, for models that were trained on that twin or
on another. The kinds of claims are those of its test split. Half of them are
right. A wrong one gives what another relation of the same people would give, so
a search for the claim finds as much for it as for a right one.

The mini reasoners are at chance on it even where notes say what the words stand
for. Until one is not, its column can show nothing of memory.

| File | What |
|---|---|
| paper_test.jsonl | claims, with FEVER's columns; no label is NOT ENOUGH INFO |
| corpus.jsonl | passages of one fact each, as Search-R1 reads them |

Columns of our own: \`words\`, the invented words in the order of their use.`,
  async writeSplits(folder, problems) {
    await writeLines(
      join(folder, "paper_test.jsonl"),
      problems("test").map((problem, id) => {
        const { task, request, steps, facts } = problem;
        const [page] = steps.map(({ subject }) => nameOf(subject)).slice(-1);
        return JSON.stringify({
          id,
          verifiable: "VERIFIABLE",
          label: task.gold,
          claim: claimText(request),
          evidence: [[[id, id, page, 0]]],
          words: facts,
        });
      }),
    );
  },
});

function claimText(request: Request): string {
  return `The ${requestKey(request)} is ${request.claim}.`;
}

/**
 * What the request would give with another relation in place of one of its
 * own: people for a person, cities for a city.
 */
function otherValues({ request, meanings, base }: RequestParts): string[] {
  const steps = stepsOf(request, meanings, base)!;
  const { value, subject, relation } = steps.at(-1)!;
  const isCity = base.cities.includes(value);
  const alike = (values: readonly (string | undefined)[]): string[] =>
    values.filter((other) => other !== undefined)
      .filter((other) =>
        base.cities.includes(other) === isCity &&
        nameOf(other) !== nameOf(value)
      );
  const bridges = steps.length === 1
    ? []
    : base.facts.get(request.subject)!.map((fact) => fact.value);
  const near = alike([
    ...base.facts.get(subject)!.map((fact) => fact.value),
    ...bridges.map((bridge) => lookUp(base, relation, bridge)),
  ]);
  return near.length > 0 ? near : alike([...base.cities, ...base.people]);
}
