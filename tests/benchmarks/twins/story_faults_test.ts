import { assertEquals } from "@std/assert";
import { failureLabel } from "@/lib/benchmarks/mod.ts";
import { GSM8K_FORM } from "@/lib/benchmarks/twins/gsm8k_policies.ts";
import { drawGlossary, gsm8kTwin } from "@/lib/benchmarks/twins/mod.ts";
import { readStory } from "@/lib/benchmarks/twins/story.ts";
import { answerOther } from "@/lib/benchmarks/twins/story_faults.ts";
import { storyFailures } from "@/lib/benchmarks/twins/story_twin.ts";
import { seededRandom } from "@/lib/random.ts";

Deno.test("answerOther() asks every other question, and each is told from the asked one", () => {
  const question =
    "Gus has 23 plums. Hana has 3 more plums than Gus. Hana hings the plums. Ida has 2 times as many plums as Hana. How many plums does Ida have?";
  const story = readStory(question);
  const random = seededRandom("other questions");
  const world = drawGlossary(random);
  const problem = {
    ...gsm8kTwin.problem("test", 0),
    story,
    world,
    options: undefined,
  };
  const asked = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const working = answerOther(random, {
      story,
      world,
      drawWorld: () => world,
    });
    if (working === undefined) continue;
    asked.add(/^(.*) ha(?:s|ve) /.exec(working.lines.at(-1)!)![1]);
    const content = `${working.lines.join("\n")}\\boxed{${working.value}}`;
    const events = storyFailures(GSM8K_FORM, problem, [
      { role: "assistant", content },
    ]);
    assertEquals(failureLabel(events), "demand misunderstanding", content);
  }
  // Gus alone takes no step.
  assertEquals(
    asked,
    new Set(["Hana", "Gus and Hana", "Gus and Ida", "Hana and Ida"]),
  );
});
