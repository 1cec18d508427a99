/** What a program is that tries to harm the machine, the runner or the verdict. */
import type {
  ExecutionMode,
  ExecutionStatus,
  Isolation,
} from "@/lib/benchmarks/execution/mod.ts";

/** The right verdict, or that of each isolation where they differ. */
export type Expected =
  | ExecutionStatus
  | Readonly<
    Record<Isolation, ExecutionStatus>
  >;

/** A program and what must come of it. */
export interface HostileProgram {
  readonly name: string;
  readonly solution: string;
  /** Default: `pytest`, with a test that `answer()` is 42. */
  readonly mode?: ExecutionMode;
  readonly test?: string;
  /** Default: 30,000. */
  readonly timeoutMs?: number;
  /** `passed` only where the program is correct as well. */
  readonly expected: Expected;
}

/** What programs aim at. */
export interface Targets {
  /** A folder outside theirs, with the file secret.txt. */
  readonly outside: string;
  /** Process id of the parent. */
  readonly parent: number;
  /** Port on 127.0.0.1 where the parent listens. */
  readonly port: number;
  /** Path of the runner. */
  readonly runner: string;
  /** In the name or the arguments of processes, so that those left are found. */
  readonly mark: string;
}

export const ANSWER_TEST =
  "from solution import answer\ndef test_answer():\n    assert answer() == 42\n";

export const ANSWER_CASE = `import unittest
class TestCases(unittest.TestCase):
    def test_answer(self):
        value = answer()
        self.assertEqual(value, 42)
`;

/** Passes apart from the machine; Python refuses it where it is not. */
export const REFUSED_BY_PYTHON: Expected = {
  namespaces: "passed",
  "audit hook": "failed",
};

/** The start of a program whose processes bear a name, by which they are found. */
export function namingItself(mark: string): string {
  return `
import os, sys, time
def name_self():
    try:
        with open("/proc/self/comm", "w") as file:
            file.write("${mark}")
    except OSError:
        pass
name_self()
`;
}

/** A program whose answer is right only if `code` raises no error. */
export function attack(
  name: string,
  code: string,
  expected: Expected = "failed",
): HostileProgram {
  const body = code.trim().split("\n").map((line) => `    ${line}`).join("\n");
  return {
    name,
    solution: `def answer():\n${body}\n    return 42\n`,
    expected,
  };
}

/** A program that is correct, whatever else it does. */
export function correct(
  name: string,
  code: string,
  expected: Expected = "passed",
): HostileProgram {
  return {
    name,
    solution: `${code.trim()}\ndef answer():\n    return 42\n`,
    expected,
  };
}

/** A program that is wrong, and `code` is to hide it. */
export function wrong(
  name: string,
  code: string,
  options: Partial<HostileProgram> = {},
): HostileProgram {
  return {
    name,
    solution: `${code.trim()}\ndef answer():\n    return 0\n`,
    expected: "failed",
    ...options,
  };
}

/** A program that does not come to an end. */
export function endless(
  name: string,
  code: string,
  expected: Expected = "timeout",
): HostileProgram {
  return { ...correct(name, code, expected), timeoutMs: 700 };
}
