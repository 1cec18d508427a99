/** All programs that try to harm the machine, the runner or the verdict. */
import type {
  HostileProgram,
  Targets,
} from "@/tests/benchmarks/execution/hostile_program.ts";
import { markPrograms } from "@/tests/benchmarks/execution/hostile_marks.ts";
import { resourcePrograms } from "@/tests/benchmarks/execution/hostile_resources.ts";
import { systemPrograms } from "@/tests/benchmarks/execution/hostile_system.ts";
import { verdictPrograms } from "@/tests/benchmarks/execution/hostile_verdicts.ts";

/** All of them. */
export function hostilePrograms(targets: Targets): HostileProgram[] {
  return [
    ...resourcePrograms(targets),
    ...systemPrograms(targets),
    ...verdictPrograms(),
    ...markPrograms(),
  ];
}
