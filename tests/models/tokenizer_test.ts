import { assert, assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { readJsonObject } from "../../lib/models/checkpoint_files.ts";
import {
  type ChatMessage,
  completionText,
  loadTokenizer,
  renderChatMl,
  type Tokenizer,
} from "../../lib/models/tokenizer.ts";
import { withFolderSync } from "@/tests/folder.ts";

const PARITY = join(import.meta.dirname!, "../parity");
const MODELS = ["tiny-qwen2.5", "tiny-smollm3", "tiny-qwen3"];
const GSM8K = join(
  import.meta.dirname!,
  "../../../shared/data/gsm8k/test.jsonl",
);

interface LanguageModelParity {
  readonly texts: readonly {
    readonly text: string;
    readonly ids: number[];
    readonly decoded: string;
  }[];
  readonly chat: {
    readonly messages: readonly ChatMessage[];
    readonly rendered: string;
  };
}

function loadModelTokenizer(name: string): Tokenizer {
  return loadTokenizer(join(PARITY, "models", name));
}

/** A byte as byte-level BPE spells it. */
function spellByte(byte: number): string {
  const printable = (code: number) =>
    (code >= 0x21 && code <= 0x7e) || (code >= 0xa1 && code !== 0xad);
  if (printable(byte)) return String.fromCharCode(byte);
  const others = Array.from({ length: 256 }, (_, code) => code)
    .filter((code) => !printable(code));
  return String.fromCharCode(256 + others.indexOf(byte));
}

/** A tokenizer of bytes (ids 0 to 255) and whole words, without merges. */
function wordTokenizer(words: readonly string[]): Record<string, unknown> {
  const spellings = words.map((word) =>
    Array.from(new TextEncoder().encode(word), spellByte).join("")
  );
  const bytes = Array.from({ length: 256 }, (_, byte) => spellByte(byte));
  const symbols = [...bytes, ...spellings];
  const special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
  const pattern = "[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}+|" +
    " ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  return {
    "added_tokens": special.map((content, i) => ({
      id: symbols.length + i,
      content,
      special: true,
      normalized: false,
    })),
    normalizer: null,
    "pre_tokenizer": {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated" },
        { type: "ByteLevel", "add_prefix_space": false, "use_regex": false },
      ],
    },
    "post_processor": null,
    decoder: { type: "ByteLevel" },
    model: {
      type: "BPE",
      "ignore_merges": true,
      vocab: Object.fromEntries(symbols.map((symbol, id) => [symbol, id])),
      merges: [],
    },
  };
}

function writeTokenizer(
  folder: string,
  definition: unknown,
  config: unknown = { "eos_token": "<|im_end|>" },
): void {
  const write = (name: string, value: unknown) =>
    Deno.writeTextFileSync(join(folder, name), JSON.stringify(value));
  write("tokenizer.json", definition);
  write("tokenizer_config.json", config);
}

for (const model of MODELS) {
  Deno.test(`loadTokenizer() of ${model} equals transformers`, () => {
    const tokenizer = loadModelTokenizer(model);
    const { texts, chat } = readJsonObject(
      join(PARITY, "expected", model, "lm.json"),
    ) as unknown as LanguageModelParity;
    for (const { text, ids, decoded } of texts) {
      assertEquals(tokenizer.encode(text), ids);
      assertEquals(tokenizer.decode(ids), decoded);
      assertEquals(tokenizer.decode(Int32Array.from(ids)), decoded);
    }
    const options = { addGenerationPrompt: true };
    const { messages, rendered } = chat;
    assertEquals(tokenizer.applyChatTemplate(messages, options), rendered);
    assertEquals(renderChatMl(messages, options), rendered);
    assertEquals(
      tokenizer.applyChatTemplate(messages),
      rendered.slice(0, -"<|im_start|>assistant\n".length),
    );
    assertEquals(tokenizer.vocabSize, 1024);
    assertEquals(tokenizer.tokenText(tokenizer.eosTokenId), "<|im_end|>");
    assertEquals(tokenizer.tokenText(tokenizer.padTokenId), "<|endoftext|>");
  });
}

Deno.test({
  name: "decode() gives back every question of GSM8K",
  ignore: !exists(GSM8K),
  fn: () => {
    const tokenizer = loadModelTokenizer("tiny-qwen2.5");
    for (const line of Deno.readTextFileSync(GSM8K).trim().split("\n")) {
      const { question } = JSON.parse(line);
      assertEquals(tokenizer.decode(tokenizer.encode(question)), question);
    }
  },
});

Deno.test("encode() keeps words of a vocabulary without merges whole", () => {
  withFolderSync((folder) => {
    const words = ["apples", " apples", " has", " café", "Tom", ".\n"];
    writeTokenizer(folder, wordTokenizer(words));
    const tokenizer = loadTokenizer(folder);
    const split = (text: string) => {
      const ids = tokenizer.encode(text);
      assertEquals(tokenizer.decode(ids), text);
      return ids.map((id) => tokenizer.tokenText(id));
    };
    // As the Python package tokenizers 0.21.4 splits them.
    assertEquals(split("Tom has apples.\n"), ["Tom", " has", " apples", ".\n"]);
    assertEquals(split("apples 12"), ["apples", " ", "1", "2"]);
    assertEquals(split(" café cafés"), [
      ...[" café", " ", "c", "a", "f", "\ufffd", "\ufffd", "s"],
    ]);
    assertEquals(split("<|im_start|>Tom<|im_end|>\n"), [
      ...["<|im_start|>", "Tom", "<|im_end|>", "\n"],
    ]);
    assertEquals(split("✓ 🦆\t\r\n\u0000").length, 3 + 1 + 4 + 4);
    assertEquals(tokenizer.vocabSize, 256 + 6 + 3);
    assertEquals(tokenizer.eosTokenId, 264);
    assertEquals(tokenizer.padTokenId, 264);
  });
});

Deno.test("decode() leaves out ids without a token and refuses what is no id", () => {
  const tokenizer = loadModelTokenizer("tiny-qwen2.5");
  const [comma] = tokenizer.encode(",");
  assertEquals(tokenizer.decode([]), "");
  assertEquals(tokenizer.decode([9999, comma]), ",");
  for (const id of [-1, 0.5, NaN]) {
    assertThrows(
      () => tokenizer.decode([comma, id]),
      RangeError,
      `Cannot decode token ids as they must be integers >= 0: current value is ${id}`,
    );
  }
  assertThrows(
    () => tokenizer.tokenText(1024),
    RangeError,
    "Cannot decode a token id as it must be one of the vocabulary of 1024: current value is 1024",
  );
});

Deno.test("completionText() leaves out special tokens wherever they stand", () => {
  const tokenizer = loadModelTokenizer("tiny-qwen2.5");
  const ids = tokenizer.encode("a<|im_start|>, b<|endoftext|><|im_end|>");
  assertEquals(
    tokenizer.decode(ids),
    "a<|im_start|>, b<|endoftext|><|im_end|>",
  );
  assertEquals(completionText(tokenizer, ids), "a, b");
  // Tags are no special tokens.
  const tags = "<think>a</think>";
  assertEquals(completionText(tokenizer, tokenizer.encode(tags)), tags);
});

Deno.test("decode() cleans up spaces only where the configuration says so", () => {
  withFolderSync((folder) => {
    const text = "Yes , I do n't .";
    const definition = wordTokenizer([]);
    const config = { "eos_token": { content: "<|im_end|>" } };
    writeTokenizer(folder, definition, config);
    const plain = loadTokenizer(folder);
    assertEquals(plain.decode(plain.encode(text)), text);
    writeTokenizer(folder, definition, {
      ...config,
      "clean_up_tokenization_spaces": true,
    });
    const cleaning = loadTokenizer(folder);
    assertEquals(cleaning.decode(cleaning.encode(text)), "Yes, I don't.");
  });
});

Deno.test("endsWithAny() marks the tokens that end in a delimiter", () => {
  const tokenizer = loadModelTokenizer("tiny-qwen2.5");
  const ends = tokenizer.endsWithAny([",", ".", "\n"]);
  assertEquals(ends.length, tokenizer.vocabSize);
  const marked = Array.from(ends.keys())
    .filter((id) => ends[id] === 1)
    .map((id) => tokenizer.tokenText(id));
  // Of the 1,024 tokens only these, with " ." and "*." among the merged ones.
  const expected = [",", ".", "\n", ".\n", "?\n", "*.", " ."];
  assertEquals(marked.toSorted(), expected.toSorted());
  assertEquals(tokenizer.endsWithAny([]).includes(1), false);
});

Deno.test("endsWithAny() equals the test on the decoded prefix", () => {
  const tokenizer = loadModelTokenizer("tiny-qwen2.5");
  const delimiters = [",", ".", "\n"];
  const ends = tokenizer.endsWithAny(delimiters);
  const prefixes = [
    "Tom has 3.",
    "a character cut off: 🦆",
    "after a special token<|im_end|>",
    "\n",
  ].map((text) => tokenizer.encode(text));
  prefixes[1].pop();
  assert(tokenizer.decode(prefixes[1]).endsWith("\ufffd"));
  for (const prefix of prefixes) {
    for (const id of ends.keys()) {
      const text = tokenizer.decode([...prefix, id]);
      const expected = delimiters.some((end) => text.endsWith(end));
      assertEquals(ends[id] === 1, expected, JSON.stringify(text));
    }
  }
});

Deno.test("endsWithAny() refuses delimiters that are not one ASCII character", () => {
  const tokenizer = loadModelTokenizer("tiny-qwen2.5");
  for (const delimiter of ["", "\n\n", "。"]) {
    assertThrows(
      () => tokenizer.endsWithAny([",", delimiter]),
      RangeError,
      `Cannot look for a delimiter as it must be one ASCII character: current value is ${
        JSON.stringify(delimiter)
      }`,
    );
  }
});

Deno.test("renderChatMl() equals the released template", () => {
  const messages: ChatMessage[] = [
    { role: "system", content: " Be\n" },
    { role: "user", content: "Q?\n\n" },
    { role: "assistant", content: "  A." },
    { role: "tool", content: "obs" },
    { role: "user", content: "" },
  ];
  // As transformers 4.55.4 renders CONVERSATION_TEMPLATE.
  const expected = "<|im_start|>system\n Be\n<|im_end|>\n" +
    "<|im_start|>user\nQ?\n\n<|im_end|>\n" +
    "<|im_start|>assistant\n  A.<|im_end|>\n" +
    "<|im_start|>user\nobs<|im_end|>\n" +
    "<|im_start|>user\n<|im_end|>\n";
  assertEquals(renderChatMl(messages), expected);
  assertEquals(
    renderChatMl(messages, { addGenerationPrompt: true }),
    expected + "<|im_start|>assistant\n",
  );
  const unknown = [{ role: "critic", content: "" }] as unknown as ChatMessage[];
  assertThrows(
    () => renderChatMl(unknown),
    RangeError,
    "Cannot render a conversation as roles must be system, user, assistant or tool: current value is critic",
  );
});

Deno.test("applyChatTemplate() takes the file before the configuration", () => {
  withFolderSync((folder) => {
    const messages: ChatMessage[] = [{ role: "user", content: "Hi" }];
    writeTokenizer(folder, wordTokenizer([]));
    assertThrows(
      () => loadTokenizer(folder).applyChatTemplate(messages),
      Error,
      `Cannot render a conversation as ${folder} must hold a chat template: current value is none`,
    );
    writeTokenizer(folder, wordTokenizer([]), {
      "eos_token": "<|im_end|>",
      "chat_template":
        "{{ messages[0].content }}{{ eos_token }}{{ bos_token }}",
    });
    assertEquals(
      loadTokenizer(folder).applyChatTemplate(messages),
      "Hi<|im_end|>",
    );
    const path = join(folder, "chat_template.jinja");
    Deno.writeTextFileSync(
      path,
      "{% if not tools %}{{ raise_exception('no tools') }}{% endif %}",
    );
    assertThrows(
      () => loadTokenizer(folder).applyChatTemplate(messages),
      Error,
      "no tools",
    );
    Deno.writeTextFileSync(path, "{% for %}");
    assertThrows(
      () => loadTokenizer(folder),
      SyntaxError,
      `Cannot read the chat template of ${folder} as it must be Jinja: current value is "{% for %}"`,
    );
  });
});

Deno.test("loadTokenizer() refuses folders it cannot read faithfully", () => {
  withFolderSync((folder) => {
    const path = join(folder, "tokenizer.json");
    const configPath = join(folder, "tokenizer_config.json");
    assertThrows(() => loadTokenizer(folder), Deno.errors.NotFound, path);
    Deno.writeTextFileSync(path, JSON.stringify(wordTokenizer([])));
    assertThrows(() => loadTokenizer(folder), Deno.errors.NotFound, configPath);

    const good = wordTokenizer([]);
    const model = good.model as { readonly vocab: Record<string, number> };
    const { "Ā": _, ...vocab } = model.vocab;
    const cases: [change: Record<string, unknown>, message: string][] = [
      [
        { model: { ...model, type: "Unigram" } },
        "as it must be a BPE model with a ByteLevel decoder: current value is Unigram with ByteLevel",
      ],
      [
        { decoder: null },
        "as it must be a BPE model with a ByteLevel decoder: current value is BPE with undefined",
      ],
      [
        { model: { ...model, vocab } },
        'as its vocabulary must hold all 256 bytes: current value is one without "Ā"',
      ],
    ];
    for (const [change, message] of cases) {
      writeTokenizer(folder, { ...good, ...change });
      assertThrows(
        () => loadTokenizer(folder),
        TypeError,
        `Cannot read ${path} ${message}`,
      );
    }
    for (const eos of [undefined, null, "<eos>"]) {
      writeTokenizer(folder, good, { "eos_token": eos });
      assertThrows(
        () => loadTokenizer(folder),
        TypeError,
        `Cannot read ${configPath} as eos_token must name a token: current value is ${
          JSON.stringify(eos)
        }`,
      );
    }
    Deno.writeTextFileSync(path, "<!DOCTYPE html>");
    assertThrows(
      () => loadTokenizer(folder),
      SyntaxError,
      `Cannot read ${path} as it must be JSON: current value is "<!DOCTYPE html>"`,
    );
  });
});

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
