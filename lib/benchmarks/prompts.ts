/** What prompts of several benchmarks have in common. */

/** What a chain-of-thought prompt ends in. */
export const STEP_BY_STEP = "Let's think step by step.\n";
