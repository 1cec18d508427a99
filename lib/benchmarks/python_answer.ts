/** The Python code in an answer: what the released code takes, and what is there. */

import { strip } from "./python_text.ts";

// Python's expressions: \s and \w of Unicode text, and the start of a line,
// which is after "\n" only.
const SPACE = String.raw`[\p{White_Space}\x1c-\x1f]`;
const NO_SPACE = String.raw`[^\p{White_Space}\x1c-\x1f]`;
const WORD = String.raw`[\p{L}\p{N}_]`;
const LINE_START = String.raw`(?<![^\n])`;

const FENCE = /```python([\s\S]*?)```/g;
const IMPORT = new RegExp(
  `${LINE_START}(?:from${SPACE}+${NO_SPACE}+${SPACE}+import${SPACE}+${NO_SPACE}+(?![^\\n])|` +
    `import${SPACE}+${NO_SPACE}+[^\\n]*)`,
  "gu",
);
const FUNCTION = new RegExp(
  `def${SPACE}+${WORD}+\\([^\\n]*?:[\\s\\S]*?(?=${LINE_START}def${SPACE}|(?![\\s\\S]))`,
  "gu",
);
const FIRST_NAME = new RegExp(`def${SPACE}+${WORD}+${SPACE}*\\(`, "u");
const SOLUTION_IMPORT = new RegExp(
  `${LINE_START}${SPACE}*from${SPACE}+solution${SPACE}+import${SPACE}+${WORD}+${SPACE}*`,
  "gu",
);

/**
 * The code that the released code runs of an answer: from each block that
 * opens with ```python, or else from the whole text, its imports of one name
 * and everything from each line that starts a function to the next.
 *
 * What stands before the first function is lost: constants, classes,
 * decorators, `from typing import List, Dict`. What follows a function stays.
 * The language tag must be "python", and `function` is given to the first
 * function, whichever that is, where it is defined and not where it is called.
 *
 * Source: data/utils/code_utils.py:11-31 and data/kodcode/env.py:13-34.
 *
 * @param answer What the model wrote, stripped.
 * @param functionName What the first function is called in the tests.
 */
export function officialCode(answer: string, functionName: string): string {
  const blocks = [...answer.matchAll(FENCE)].map(([, block]) => block);
  const pieces = (blocks.length > 0 ? blocks : [answer]).flatMap((block) => {
    const imports = block.match(IMPORT) ?? [];
    const functions = strip(block).match(FUNCTION) ?? [];
    return imports.length > 0 ? [imports.join("\n"), ...functions] : functions;
  });
  return pieces.join("\n").replace(FIRST_NAME, () => `def ${functionName}(`);
}

/** Whether a file of tests imports the solution. */
export function importsSolution(test: string): boolean {
  return /^\s*(?:from +solution +import\b|import +solution\b)/m.test(test);
}

/** A test without its imports of the solution (code_utils.py:105). */
export function officialTest(test: string): string {
  return test.replace(SOLUTION_IMPORT, "");
}

/**
 * The Python code of an answer as a reader sees it: all blocks that are marked
 * as Python; if there is none, all that are not marked; or else the whole text.
 * A block that is not closed goes to the end.
 */
export function answerCode(answer: string): string {
  const blocks: { mark: string; lines: string[] }[] = [];
  let isOpen = false;
  for (const line of answer.split("\n")) {
    // One that is closed on its own line is no block.
    const fence = line.match(/^\s*```+\s*(\w*)(?!.*```)/);
    if (fence === null) {
      if (isOpen) blocks.at(-1)!.lines.push(line);
    } else {
      isOpen = !isOpen;
      if (isOpen) blocks.push({ mark: fence[1].toLowerCase(), lines: [] });
    }
  }
  for (const marks of [["py", "python", "python3"], [""]]) {
    const chosen = blocks.filter(({ mark }) => marks.includes(mark));
    if (chosen.length > 0) {
      return chosen.map(({ lines }) => lines.join("\n")).join("\n\n");
    }
  }
  return answer;
}

/**
 * The code with `name` defined: where it is not, and a function is defined,
 * the last of these gets that name too. KodCode does not tell the model what to
 * call its function.
 */
export function withName(code: string, name: string): string {
  const isDefined = new RegExp(
    `^(?:(?:async +)?def|class) +${name}\\b|^${name}\\b *[:=]`,
    "m",
  );
  if (isDefined.test(code)) return code;
  const last = [...code.matchAll(/^def +(\w+)/gm)].at(-1);
  return last === undefined ? code : `${code}\n\n${name} = ${last[1]}\n`;
}
