import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { STEP_BY_STEP } from "@/lib/benchmarks/mod.ts";
import { gsm8kTwin, splitProblems, TWINS } from "@/lib/benchmarks/twins/mod.ts";
import { DELIMITERS } from "@/lib/memgen/mod.ts";
import {
  type ChatMessage,
  loadTokenizer,
  readTokenizerFiles,
  renderChatMl,
} from "@/lib/models/mod.ts";
import { randomInt, seededRandom } from "@/lib/random.ts";
import {
  SPECIAL_TOKENS,
  tokenizerFiles,
  wordsOf,
} from "@/experiments/pretraining/tokenizer.ts";
import { twinVocabulary } from "@/experiments/pretraining/vocabulary.ts";
import { writtenTokenizer } from "@/tests/experiments/pretraining/written_tokenizer.ts";
import { withFolder } from "@/tests/folder.ts";

/** Conversations of GSM8K's twin. */
const TEXTS = splitProblems(gsm8kTwin, "train", 300).map(({ task }) => {
  const [{ role, content }] = task.messages;
  return renderChatMl([
    { role, content: content + STEP_BY_STEP },
    ...task.demonstration,
  ]);
});
const WORDS = wordsOf(TEXTS);
const TOKENIZER = writtenTokenizer(WORDS);

/** Text of each token. */
function pieces(text: string): string[] {
  return TOKENIZER.encode(text).map((id) => TOKENIZER.tokenText(id));
}

Deno.test("wordsOf() takes words with the space before them, sorted", () => {
  assertEquals(
    wordsOf(["Ada has a crate.", "has  Zoë's\ncrate"]),
    [" Zoë", " a", " crate", " has", "Ada", "crate", "has"],
  );
  // A letter alone is a byte, but not with the space before it.
  assertEquals(wordsOf(["<think> I see x,y.</think>"]), [
    " I",
    " see",
    " x",
    "</think>",
    "<think>",
  ]);
  assertEquals(wordsOf([]), []);
});

Deno.test("tokenizerFiles() makes one token of every word", () => {
  assert(WORDS.length > 100 && WORDS.includes(" crate"));
  for (const word of WORDS) assertEquals(pieces(word), [word]);
  assertEquals(
    pieces("Ada has 30 apples.\n"),
    ["Ada", " has", " ", "3", "0", " apples", ".\n"],
  );
});

Deno.test("tokenizerFiles() cuts numbers into digits", () => {
  assertEquals(pieces("1080"), ["1", "0", "8", "0"]);
  assertEquals(pieces("-1,000.5"), ["-", "1", ",", "0", "0", "0", ".", "5"]);
});

Deno.test("tokenizerFiles() makes one token of every mark", () => {
  assertEquals(
    pieces("3*9=<<3*9=27>>27.\n\\boxed{27}"),
    [..."3*9", "=<<", ..."3*9=27", ">>", ..."27", ".\n", "\\boxed{", ..."27}"],
  );
  assertEquals(
    pieces("```\n    x==\\frac{1}{2}\n        y=1"),
    [
      ...["```", "\n", "    ", "x", "==", "\\frac{", ..."1}{2}", "\n"],
      ...["    ", "    ", ..."y=1"],
    ],
  );
});

Deno.test("tokenizerFiles() spells unknown words in bytes", () => {
  assertEquals(pieces("zebra"), [..."zebra"]);
  assertEquals(pieces(" zebra"), [..." zebra"]);
  assertEquals(TOKENIZER.encode("é").length, 2);
  assertEquals(TOKENIZER.encode("🦓").length, 4);
  // A known word within a longer one is no token.
  assertEquals(pieces(" crate crateful"), [" crate", ..." crateful"]);
});

Deno.test("tokenizerFiles() makes one token of a known tag", () => {
  const tokenizer = writtenTokenizer(["<think>", "</think>", " so"]);
  const text = "<think> so</think><other>";
  assertEquals(
    tokenizer.encode(text).map((id) => tokenizer.tokenText(id)),
    ["<think>", " so", "</think>", ..."<other>"],
  );
});

Deno.test("twinVocabulary() has every word that the twins say", () => {
  const tokenizer = writtenTokenizer(twinVocabulary());
  for (const twin of TWINS) {
    const random = seededRandom("tokenizer test", twin.benchmark.name);
    const texts = Array.from({ length: 50 }, (_, i) => [
      ...twin.practise(random).map(({ text }) => text),
      ...[twin.problem("test", i), twin.noted("own", i)].map(({ task }) =>
        renderChatMl([...task.messages, ...task.demonstration])
      ),
    ]).flat();
    for (const text of texts) {
      assertEquals(tokenizer.decode(tokenizer.encode(text)), text);
    }
    const cut = wordsOf(texts)
      .filter((word) => tokenizer.encode(word).length > 1);
    assertEquals(cut, [], twin.benchmark.name);
  }
});

Deno.test("tokenizerFiles() keeps the twin's texts whole, in few tokens", () => {
  for (const text of TEXTS) {
    const ids = TOKENIZER.encode(text);
    assertEquals(TOKENIZER.decode(ids), text);
    assert(ids.length < text.length / 2);
  }
});

Deno.test("tokenizerFiles() keeps any text whole", () => {
  const texts = [
    "",
    " ",
    "\n\n.\n.\r\n\t  \u00a0\u2028",
    "\0\u0007\u001b[0m",
    "e\u0301 é ﬁ İ ß ſ Å",
    "👩‍👩‍👧‍👦 🇦🇹 𝔘𝔫𝔦𝔠𝔬𝔡𝔢",
    "数学 かな 한국어 עברית العربية हिन्दी",
    "<|im_start|>user\n<|im_end|><|endoftext|><|im_start <|x|>",
    "\\boxed{\\boxed{}} =<<= <<>>>> .\n.",
    " ,Ġ Ċ ĉ", // How byte-level BPE spells spaces.
  ];
  const random = seededRandom("unicode");
  for (let i = 0; i < 200; i++) {
    const codes = Array.from({ length: 30 }, () => randomInt(random, 0x11_0000))
      // Halves of a pair are no text.
      .map((code) => code >= 0xd800 && code <= 0xdfff ? 0x20 : code);
    texts.push(String.fromCodePoint(...codes));
  }
  for (const text of texts) {
    assertEquals(TOKENIZER.decode(TOKENIZER.encode(text)), text);
  }
});

Deno.test("tokenizerFiles() numbers bytes, marks and words, then specials", () => {
  const marks = 8;
  const first = 256 + marks + WORDS.length;
  assertEquals(TOKENIZER.vocabSize, first + 3);
  assertEquals(TOKENIZER.encode("<|endoftext|><|im_start|><|im_end|>"), [
    first,
    first + 1,
    first + 2,
  ]);
  assertEquals(TOKENIZER.tokenText(TOKENIZER.eosTokenId), SPECIAL_TOKENS.end);
  assertEquals(TOKENIZER.tokenText(TOKENIZER.padTokenId), SPECIAL_TOKENS.pad);
  // Bytes keep their ids, whatever the words.
  const bytes = writtenTokenizer([]);
  assertEquals(bytes.vocabSize, 256 + marks + 3);
  for (const text of ["7", "z", "é", "🦓"]) {
    assertEquals(bytes.encode(text), TOKENIZER.encode(text));
    assertEquals(
      bytes.encode(text),
      Array.from(new TextEncoder().encode(text)),
    );
  }
});

Deno.test("tokenizerFiles() takes a word given twice once", () => {
  assertEquals(
    tokenizerFiles([" crate", " crate"]),
    tokenizerFiles([" crate"]),
  );
});

Deno.test("tokenizerFiles() are files that give the same ids when copied", async () => {
  await withFolder(async (folder) => {
    for (const [name, text] of Object.entries(tokenizerFiles(WORDS))) {
      await Deno.writeTextFile(join(folder, name), text);
    }
    const files = readTokenizerFiles(folder);
    assertEquals(Object.fromEntries(files), { ...tokenizerFiles(WORDS) });
    const loaded = loadTokenizer(folder);
    for (const text of TEXTS) {
      assertEquals(loaded.encode(text), TOKENIZER.encode(text));
    }
  });
});

Deno.test("tokenizerFiles() renders conversations in plain ChatML", () => {
  const messages: readonly ChatMessage[] = [
    { role: "system", content: "Be brief." },
    { role: "user", content: "What is 2 + 3?\n" },
    { role: "assistant", content: "5" },
  ];
  for (const addGenerationPrompt of [false, true]) {
    assertEquals(
      TOKENIZER.applyChatTemplate(messages, { addGenerationPrompt }),
      renderChatMl(messages, { addGenerationPrompt }),
    );
  }
});

Deno.test("tokenizerFiles() has one delimiter at a sentence's end", () => {
  const isDelimiter = TOKENIZER.endsWithAny(DELIMITERS);
  const ids = TOKENIZER.encode("Ada has 6.\nBen has 5, or 4.");
  assertEquals(
    ids.filter((id) => isDelimiter[id]).map((id) => TOKENIZER.tokenText(id)),
    [".\n", ",", "."],
  );
});
