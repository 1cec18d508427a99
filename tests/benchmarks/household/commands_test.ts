import { assertEquals } from "@std/assert";
import {
  commandText,
  readCommand,
  readLooseCommand,
  translateFeedback,
} from "@/lib/benchmarks/household/commands.ts";

Deno.test("readCommand() reads both grammars as the same command", () => {
  const put = { verb: "put", target: "mug 1", other: "desk 2" } as const;
  assertEquals(readCommand("put mug 1 in/on desk 2"), put);
  assertEquals(readCommand(" move mug 1 to desk 2\n"), put);
});

Deno.test("readLooseCommand() also reads what no game does", () => {
  const put = { verb: "put", target: "mug 1", other: "desk 2" } as const;
  const use = { verb: "use", target: "desklamp 1" } as const;
  for (
    const [text, command] of [
      ["put mug 1 on desk 2", put],
      ["put mug 1 in desk 2", put],
      ["toggle desklamp 1", use],
      ["toggle desklamp 1 desk 1", use],
    ] as const
  ) {
    assertEquals(readLooseCommand(text), command);
    assertEquals(readCommand(text), undefined);
  }
  for (
    const text of ["put mug 1 in/on desk 2", "use desklamp 1", "grab mug 1"]
  ) {
    assertEquals(readLooseCommand(text), readCommand(text));
  }
});

Deno.test("readCommand() gives nothing for other text", () => {
  for (
    const text of ["", "grab mug 1", "take mug 1", "Go to desk 1", "go to"]
  ) {
    assertEquals(readCommand(text), undefined);
  }
});

Deno.test("commandText() is undone by readCommand()", () => {
  const texts = [
    "go to desk 1",
    "open drawer 1",
    "close drawer 1",
    "take mug 1 from desk 1",
    "use desklamp 1",
    "heat mug 1 with microwave 1",
    "cool mug 1 with fridge 1",
    "clean mug 1 with sinkbasin 1",
    "slice apple 1 with knife 1",
    "examine desk 1",
    "inventory",
    "look",
    "help",
  ];
  for (const text of texts) {
    assertEquals(commandText(readCommand(text)!, "move"), text);
  }
});

Deno.test("commandText() writes a placement in both grammars", () => {
  const old = "put mug 1 in/on desk 1";
  const now = "move mug 1 to desk 1";
  assertEquals(commandText(readCommand(old)!, "move"), now);
  assertEquals(commandText(readCommand(now)!, "put"), old);
});

Deno.test("translateFeedback() goes both ways and leaves other text", () => {
  const old = "You put the mug 1 in/on the desk 1.";
  const now = "You move the mug 1 to the desk 1.";
  assertEquals(translateFeedback(old, "move"), now);
  assertEquals(translateFeedback(now, "put"), old);
  assertEquals(
    translateFeedback("Nothing happens.", "put"),
    "Nothing happens.",
  );
});
