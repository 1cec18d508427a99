import { assertEquals, assertRejects } from "@std/assert";
import { Queue } from "@/lib/benchmarks/execution/queue.ts";

Deno.test("Queue.run() calls at most so many at a time, in order", async () => {
  const queue = new Queue(2);
  const events: string[] = [];
  const ends: (() => void)[] = [];
  const runs = ["a", "b", "c"].map((name) =>
    queue.run(async () => {
      events.push(name);
      await new Promise<void>((resolve) => ends.push(resolve));
      return name;
    })
  );
  await Promise.resolve();
  assertEquals(events, ["a", "b"]);
  ends[1]();
  assertEquals(await runs[1], "b");
  assertEquals(events, ["a", "b", "c"]);
  ends[0]();
  ends[2]();
  assertEquals(await Promise.all(runs), ["a", "b", "c"]);
});

Deno.test("Queue.run() goes on after an error", async () => {
  const queue = new Queue(1);
  await assertRejects(
    () => queue.run(() => Promise.reject(new Error("no"))),
    Error,
    "no",
  );
  assertEquals(await queue.run(() => Promise.resolve(1)), 1);
});
