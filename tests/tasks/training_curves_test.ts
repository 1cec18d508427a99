import { assertEquals } from "@std/assert";
import { trainingFigures } from "@/tasks/training_curves.ts";

Deno.test("trainingFigures() draws the loss, and the reward where there is one", () => {
  const figures = trainingFigures("grpo", [
    { loss: 2, reward: 0, gradNorm: 3 },
    { loss: 1, reward: 1, gradNorm: 2 },
  ]);
  assertEquals([...figures.keys()], ["loss", "reward"]);
  assertEquals(figures.get("loss")!.data[0].y, [2, 1]);
  assertEquals(figures.get("reward")!.data[0].y, [0, 1]);
  assertEquals([...trainingFigures("sft", [{ loss: 2 }]).keys()], ["loss"]);
});

Deno.test("trainingFigures() draws long runs as means over equally many steps", () => {
  const metrics = Array.from({ length: 120 }, (_, loss) => ({ loss }));
  const [figure] = trainingFigures("sft", metrics).values();
  // 50 points hold 120 steps if each is of 3.
  const { x, y } = figure.data[0] as { x: number[]; y: number[] };
  assertEquals([x.length, x[0], y[0], x.at(-1), y.at(-1)], [
    40,
    3,
    1,
    120,
    118,
  ]);
});
