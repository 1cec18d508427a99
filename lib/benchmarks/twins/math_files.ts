/** The MATH twin as files of the original form. */
import { join } from "node:path";
import type { Split } from "../task.ts";
import {
  levelOf,
  MATH_SIZES,
  MATH_SUBJECTS,
  subjectOf,
} from "./math_exercises.ts";
import type { MathProblem } from "./math_faults.ts";
import { workExercise } from "./math_problem.ts";
import { demonstrated } from "./single_turn.ts";

/** Writes a file for each training and validation problem, one for the test. */
export async function writeMathTwin(
  folder: string,
  splitProblem: (split: Split, index: number) => MathProblem,
): Promise<void> {
  for (const split of ["train", "valid"] as const) {
    for (const { folder: subject } of MATH_SUBJECTS) {
      await Deno.mkdir(join(folder, split, subject), { recursive: true });
    }
    for (let index = 0; index < MATH_SIZES[split]; index++) {
      const problem = splitProblem(split, index);
      const subject = subjectOf(problem.exercise, problem.world);
      await Deno.writeTextFile(
        join(folder, split, subject.folder, `${index}.json`),
        `${
          JSON.stringify({
            problem: problem.question,
            level: `Level ${levelOf(problem.exercise)}`,
            type: subject.name,
            solution: demonstrated(problem),
          })
        }\n`,
      );
    }
  }
  const rows = Array.from({ length: MATH_SIZES.test }, (_, index) => {
    const problem = splitProblem("test", index);
    const { question, exercise, world, task } = problem;
    return `${
      JSON.stringify({
        problem: question,
        solution: demonstrated(problem),
        answer: workExercise(exercise, world).answer,
        ...task.meta,
        unique_id: `twin/test/${index}.json`,
      })
    }\n`;
  });
  await Deno.writeTextFile(join(folder, "test.jsonl"), rows.join(""));
}
