import { assertEquals, assertThrows } from "@std/assert";
import { formatDuration, Progress } from "@/tasks/progress.ts";

/** A recorded output and a clock that moves by hand. */
function stage(terminal: boolean) {
  const state = { now: 0, text: "" };
  const received: number[] = [];
  return {
    state,
    options: {
      clock: () => state.now,
      columns: 80,
      output: {
        isTerminal: () => terminal,
        // At most three bytes at a time, as a full pipe may do.
        writeSync(bytes: Uint8Array): number {
          const taken = bytes.subarray(0, 3);
          received.push(...taken);
          state.text = new TextDecoder().decode(new Uint8Array(received));
          return taken.length;
        },
      },
    },
  };
}

function lines(text: string): string[] {
  return text.split(/\r|\n/).filter((line) => line !== "");
}

Deno.test("Progress draws bar, percent, count, elapsed, time left and note", () => {
  const { state, options } = stage(true);
  const progress = new Progress("Train", 500, options);
  state.now = 12_000;
  progress.update(150, "loss 1.83");
  progress.update(151);
  state.now = 40_000;
  progress.update(500);
  progress.end();
  // 150 steps took 12 s, so the 350 others take 28 s; step 151 came too soon.
  assertEquals(lines(state.text), [
    "Train ░░░░░░░░░░░░░░░░░░░░   0 % 0/500 0:00\x1b[K",
    "Train ██████░░░░░░░░░░░░░░  30 % 150/500 0:12 left 0:28 loss 1.83\x1b[K",
    "Train ████████████████████ 100 % 500/500 0:40\x1b[K",
    "Train ████████████████████ 100 % 500/500 0:40\x1b[K",
  ]);
  assertEquals(state.text.at(-1), "\n");
});

Deno.test("Progress leaves steps of an earlier run out of the speed", () => {
  const { state, options } = stage(true);
  const progress = new Progress("Train", 100, { ...options, done: 50 });
  state.now = 10_000;
  progress.update(60);
  assertEquals(
    lines(state.text).at(-1),
    "Train ████████████░░░░░░░░  60 % 60/100 0:10 left 0:40\x1b[K",
  );
});

Deno.test("Progress never fills a terminal's last column", () => {
  const { state, options } = stage(true);
  new Progress("A long title", 10, { ...options, columns: 8 });
  assertEquals(state.text, "\rA long \x1b[K");
});

Deno.test("Progress writes a plain line at most every 10 s to a log", () => {
  const { state, options } = stage(false);
  const progress = new Progress("Train", 100, options);
  for (let done = 1; done <= 25; done++) {
    state.now = done * 1000;
    progress.update(done);
  }
  progress.end();
  assertEquals(
    state.text,
    "Train   0 % 0/100 0:00\n" +
      "Train  10 % 10/100 0:10 left 1:30\n" +
      "Train  20 % 20/100 0:20 left 1:20\n" +
      "Train  25 % 25/100 0:25 left 1:15\n",
  );
});

Deno.test("Progress refuses counts that cannot be", () => {
  const { options } = stage(false);
  assertThrows(
    () => new Progress("Train", 0, options),
    RangeError,
    "Cannot show progress as total must be a positive integer: current value is 0",
  );
  const progress = new Progress("Train", 3, options);
  for (const done of [-1, 4, 0.5, NaN]) {
    assertThrows(
      () => progress.update(done),
      RangeError,
      `Cannot show progress as done must be an integer from 0 to 3: current value is ${done}`,
    );
  }
});

Deno.test("formatDuration() shows hours only where there are any", () => {
  assertEquals(formatDuration(0), "0:00");
  assertEquals(formatDuration(59_499), "0:59");
  assertEquals(formatDuration(59_500), "1:00");
  assertEquals(formatDuration(750_000), "12:30");
  assertEquals(formatDuration(3_723_000), "1:02:03");
});
