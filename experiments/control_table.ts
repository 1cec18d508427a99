/** What the negative controls say, for a twin's data card. */
import { accuracyCell, type Cell, type Table } from "@/lib/report/mod.ts";
import { FORM_ONLY } from "@/experiments/control_runs.ts";
import type { TwinNumbers } from "@/experiments/twin_numbers.ts";

/** What a control is, for those who read its column. */
const MEANINGS: Readonly<Record<string, string>> = {
  "permuted skin":
    "the tasks of the test split in other words, exchanged one for one. What was learned of the words is lost, what was learned of the structure is not.",
  "shifted facts":
    "tasks of the same kinds in a world with other facts. What was learned of the facts is wrong there.",
  "stale passages":
    "the test split with a search engine that is wrong about the most popular people.",
  [FORM_ONLY]:
    "the test split itself, after SFT with as many steps on tasks that have the answers of others.",
};

/** Accuracies on the controls; undefined if no one was asked. */
export function controlTable(
  { controls = {}, training = {} }: TwinNumbers,
): Table | undefined {
  const asked = Object.entries(controls);
  if (asked.length === 0) return undefined;
  const names = [
    ...new Set(
      asked.flatMap(([, { correct }]) =>
        Object.values(correct).flatMap(Object.keys)
      ),
    ),
  ];
  return {
    title: "Negative controls",
    caption:
      "Where training should be of no use: right in percent, under the official scorer, with what Table 1's mini preset trained, one training run each. A number near vanilla's own on the test split says that the rest of the gain is knowledge of this world.",
    columns: [
      { header: "Reasoner" },
      { header: "Method", align: "left" },
      { header: "Test split" },
      ...names.map((name) => ({ header: capitalized(name) })),
    ],
    rows: asked.flatMap(([reasoner, { n, correct }]) =>
      Object.entries(correct).map(([row, right], i): Cell[] => {
        const test = training[reasoner];
        return [
          i === 0 ? reasoner : "",
          row,
          accuracyCell(test.correct[row], test.n, 1),
          ...names.map((name) =>
            right[name] === undefined ? "–" : accuracyCell(right[name], n, 1)
          ),
        ];
      })
    ),
    footnotes: [
      ...names.map((name) => `${capitalized(name)}: ${MEANINGS[name]}`),
      ...new Set(asked.map(([reasoner, { made }]) => `${reasoner}: ${made}`)),
    ],
  };
}

function capitalized(text: string): string {
  return text[0].toUpperCase() + text.slice(1);
}
