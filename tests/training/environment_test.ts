import { assertEquals, assertRejects } from "@std/assert";
import {
  type Environment,
  resetEnvironment,
  stepEnvironment,
} from "@/lib/training/environment.ts";

const CALL = { name: "episode 3", timeoutMs: 1000 };
const STEP = {
  observation: "a",
  reward: 0.5,
  terminated: false,
  truncated: true,
};
const TASK = [{ role: "user", content: "go" }] as const;

/** An environment of fixed answers. */
function environment(changes: Partial<Environment> = {}): Environment {
  return { reset: () => TASK, step: () => STEP, ...changes };
}

Deno.test("Environments answer at once or later", async () => {
  const seeds: number[] = [];
  const texts: string[] = [];
  const slow = environment({
    reset({ seed }) {
      seeds.push(seed);
      return Promise.resolve(TASK);
    },
    step(text) {
      texts.push(text);
      return Promise.resolve(STEP);
    },
  });
  assertEquals(await resetEnvironment(slow, 7, CALL), TASK);
  assertEquals(await stepEnvironment(slow, "walk", CALL), STEP);
  assertEquals(await stepEnvironment(environment(), "walk", CALL), STEP);
  assertEquals([seeds, texts], [[7], ["walk"]]);
});

Deno.test("An environment that hangs is an error that names its episode", async () => {
  const never = () => new Promise<never>(() => {});
  const hanging = environment({ reset: never, step: never });
  const call = { name: "episode 3", timeoutMs: 5 };
  for (
    const run of [
      () => resetEnvironment(hanging, 0, call),
      () => stepEnvironment(hanging, "", call),
    ]
  ) {
    await assertRejects(
      run,
      Error,
      "Cannot play episode 3 as its environment must answer within 5 ms: current value is no answer",
    );
  }
});

Deno.test("An environment that throws is an error with its cause", async () => {
  const cause = new TypeError("no such door");
  const throwing = environment({
    reset: () => Promise.reject(cause),
    step() {
      throw cause;
    },
  });
  for (
    const run of [
      () => resetEnvironment(throwing, 0, CALL),
      () => stepEnvironment(throwing, "", CALL),
    ]
  ) {
    const error = await assertRejects(
      run,
      Error,
      "Cannot play episode 3 as its environment must not throw: current value is no such door",
    );
    assertEquals(error.cause, cause);
  }
});

Deno.test("What an environment gives is checked", async () => {
  await assertRejects(
    () => resetEnvironment(environment({ reset: () => [] }), 0, CALL),
    RangeError,
    "Cannot play episode 3 as its environment must begin with a message: current value is []",
  );
  for (const reward of [NaN, Infinity]) {
    const bad = environment({ step: () => ({ ...STEP, reward }) });
    await assertRejects(
      () => stepEnvironment(bad, "", CALL),
      RangeError,
      `Cannot play episode 3 as its reward must be finite: current value is ${reward}`,
    );
  }
});
