/**
 * What the numbers of a twin must be (sections 5.10 and 5.12 of the benchmarks'
 * specification).
 */
import type { MeasuredLabel, MeasuredPolicy } from "./measure.ts";
import type { NamedPolicy } from "./twin.ts";

/** What a shortcut may have above chance, as a share. */
export const SHORTCUT_MARGIN = 0.05;
/** What knowledge of the world must be worth, as a share. */
export const KNOWLEDGE_GAP = 0.25;
/** Share of injected failures that must get their label. */
const LABELLED_SHARE = 0.98;
/** Shares that differ by less are equal: 0.12 + 0.05 is not 0.17. */
const ROUNDING = 1e-9;

/** Whether a shortcut reaches more than it may. */
export function isAboveChance(shortcut: number, random: number): boolean {
  return shortcut - random > SHORTCUT_MARGIN + ROUNDING;
}

/** Whether knowledge of the world is worth what it must be. */
export function isKnowledgeNeeded(oracle: number, ignorant: number): boolean {
  return oracle - ignorant >= KNOWLEDGE_GAP - ROUNDING;
}

/**
 * The highest accuracy of a kind of policies, as a share; where chance is known
 * exactly, it counts in place of what was measured.
 */
export function bestOf(
  measured: readonly MeasuredPolicy[],
  kind: NamedPolicy["kind"],
): number {
  const shares = measured.filter((policy) => policy.kind === kind)
    .map(({ chance, correct, n }) => chance ?? correct / n);
  return Math.max(...shares);
}

/** The oracle solves all, shortcuts nothing, and knowledge is worth something. */
export function policyFaults(measured: readonly MeasuredPolicy[]): string[] {
  const [oracle, ignorant, random, shortcut] =
    (["oracle", "ignorant", "random", "shortcut"] as const)
      .map((kind) => bestOf(measured, kind));
  const faults: string[] = [];
  for (
    const [kind, best] of Object.entries({ oracle, ignorant, random, shortcut })
  ) {
    if (!Number.isFinite(best)) faults.push(`it has no ${kind} policy`);
  }
  if (oracle < 1) faults.push(`the oracle reaches ${oracle}`);
  if (isAboveChance(shortcut, random)) {
    faults.push(`a shortcut reaches ${shortcut}, chance ${random}`);
  }
  if (!isKnowledgeNeeded(oracle, ignorant)) {
    faults.push(`without knowledge a policy reaches ${ignorant}`);
  }
  return faults;
}

/**
 * Enough injected runs fail, and nearly all of them get their label.
 *
 * @param count Failed runs that were tried for, of each label.
 */
export function labelFaults(
  measured: readonly MeasuredLabel[],
  count: number,
): string[] {
  return measured.flatMap(({ label, failed, labelled }) => {
    const isNamed = labelled >= LABELLED_SHARE * failed;
    return [
      ...failed < count
        ? [`only ${failed} of ${2 * count} runs fail by an injected ${label}`]
        : [],
      ...isNamed
        ? []
        : [`${labelled} of ${failed} runs with an injected ${label} get it`],
    ];
  });
}
