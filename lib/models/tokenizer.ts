/**
 * Byte-level BPE tokenizers and chat templates in Hugging Face's files.
 *
 * @file
 */

import { join } from "node:path";
import { Template } from "@huggingface/jinja";
import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { readJsonObject } from "./checkpoint_files.ts";

/** One turn of a conversation. */
export interface ChatMessage {
  /** Who speaks. */
  readonly role: "system" | "user" | "assistant" | "tool";
  /** What is said. */
  readonly content: string;
}

/** Options of rendering a conversation. */
export interface ChatOptions {
  /** Whether to open the assistant's next turn. @default false */
  readonly addGenerationPrompt?: boolean;
}

/** Options of decoding. */
export interface DecodeOptions {
  /** Whether special tokens are left out. @default false */
  readonly skipSpecialTokens?: boolean;
}

/** A model's tokenizer. */
export interface Tokenizer {
  /** One more than the largest token id; an embedding may have more rows. */
  readonly vocabSize: number;
  /** The end-of-sequence token. */
  readonly eosTokenId: number;
  /** The end-of-sequence token where none is named, as in TRL. */
  readonly padTokenId: number;
  /**
   * Token ids of a text. Special tokens spelled out in it are recognised; none
   * are added.
   */
  encode(text: string): number[];
  /**
   * Text of token ids. As in the reference, ids without a token give no text and
   * bytes that are no UTF-8 give U+FFFD.
   *
   * @throws {RangeError} If an id is not an integer >= 0.
   */
  decode(ids: ArrayLike<number>, options?: DecodeOptions): string;
  /**
   * Text of one token alone; U+FFFD where it holds part of a character.
   *
   * @throws {RangeError} If there is no token of this id.
   */
  tokenText(id: number): string;
  /**
   * Renders a conversation with the model's own template. A template that asks
   * for the date (SmolLM3's) gets today's, as in transformers.
   *
   * @throws {Error} If the model has no template, or the template refuses the
   * conversation.
   */
  applyChatTemplate(
    messages: readonly ChatMessage[],
    options?: ChatOptions,
  ): string;
  /**
   * Whether a text whose last token is this one ends in a delimiter: `[V]`, by
   * token id, 1 or 0.
   *
   * The released code decodes the whole prefix and looks at its end
   * (memgen/model/modeling_utils.py, `_check_ends_with_delimiter`). The last
   * token alone tells the same:
   * - A byte-level prefix is decoded by joining the bytes of all tokens and
   *   reading them as UTF-8, so its last byte is the last token's.
   * - In UTF-8 an ASCII byte is always a character of its own: a character cut
   *   off before it becomes U+FFFD and never swallows it, and no part of a
   *   longer character is an ASCII byte. So a text ends in an ASCII delimiter
   *   exactly where its last byte is that delimiter, whatever came before.
   * - Special tokens are decoded as they are spelled, by the same rule.
   * - The clean-up of spaces that some configurations ask for (` ,` to `,`)
   *   never adds or removes a delimiter at the end.
   *
   * Ids without a token (rows that pad an embedding) have no entry here; the
   * released code would skip them and look at the token before.
   *
   * @param delimiters Single ASCII characters.
   * @throws {RangeError} If a delimiter is not a single ASCII character.
   */
  endsWithAny(delimiters: readonly string[]): Uint8Array<ArrayBuffer>;
}

/** Special tokens that a chat template may name. */
const TEMPLATE_TOKENS = ["bos_token", "eos_token", "pad_token", "unk_token"];

/**
 * Loads `tokenizer.json`, `tokenizer_config.json` and, if there is one, the
 * chat template (`chat_template.jinja`, else `chat_template` in the
 * configuration) of a model folder.
 *
 * @throws {Deno.errors.NotFound} If one of the first two does not exist.
 * @throws {SyntaxError} If a file cannot be parsed.
 * @throws {TypeError} If the tokenizer is not a byte-level BPE with all 256
 * bytes, so that some text would be lost, or no end-of-sequence token is named.
 */
export function loadTokenizer(folder: string): Tokenizer {
  const configPath = join(folder, "tokenizer_config.json");
  const definition = readDefinition(join(folder, "tokenizer.json"));
  const config = readJsonObject(configPath);
  const template = readTemplate(folder, config);
  const tokenizer = new HuggingFaceTokenizer(definition, {
    ...config,
    // The default of transformers 4.55; the library's own is true.
    clean_up_tokenization_spaces: config.clean_up_tokenization_spaces ?? false,
  });
  const vocabSize = tokenizer.model!.vocab.length;
  const specialTokens = Object.fromEntries(
    TEMPLATE_TOKENS.map((key) => [key, specialTokenText(config[key])]),
  );
  const idOf = (token = "") => tokenizer.token_to_id(token);
  const eosTokenId = idOf(specialTokens.eos_token);
  if (eosTokenId === undefined) {
    throw new TypeError(
      `Cannot read ${configPath} as eos_token must name a token: ` +
        `current value is ${JSON.stringify(config.eos_token)}`,
    );
  }

  function decode(
    ids: ArrayLike<number>,
    { skipSpecialTokens = false }: DecodeOptions = {},
  ): string {
    const list = Array.from(ids);
    for (const id of list) {
      if (!Number.isSafeInteger(id) || id < 0) {
        throw new RangeError(
          `Cannot decode token ids as they must be integers >= 0: ` +
            `current value is ${id}`,
        );
      }
    }
    return list.length === 0
      ? ""
      : tokenizer.decode(list, { skip_special_tokens: skipSpecialTokens });
  }

  function tokenText(id: number): string {
    if (tokenizer.id_to_token(id) === undefined) {
      throw new RangeError(
        `Cannot decode a token id as it must be one of the vocabulary of ` +
          `${vocabSize}: current value is ${id}`,
      );
    }
    return decode([id]);
  }

  function applyChatTemplate(
    messages: readonly ChatMessage[],
    { addGenerationPrompt = false }: ChatOptions = {},
  ): string {
    if (template === undefined) {
      throw new Error(
        `Cannot render a conversation as ${folder} must hold a chat ` +
          `template: current value is none`,
      );
    }
    return template.render({
      messages,
      add_generation_prompt: addGenerationPrompt,
      ...specialTokens,
    });
  }

  function endsWithAny(
    delimiters: readonly string[],
  ): Uint8Array<ArrayBuffer> {
    for (const delimiter of delimiters) {
      if (delimiter.length !== 1 || delimiter.charCodeAt(0) > 0x7f) {
        throw new RangeError(
          `Cannot look for a delimiter as it must be one ASCII character: ` +
            `current value is ${JSON.stringify(delimiter)}`,
        );
      }
    }
    return Uint8Array.from({ length: vocabSize }, (_, id) => {
      const text = decode([id]);
      return Number(delimiters.some((delimiter) => text.endsWith(delimiter)));
    });
  }

  return {
    vocabSize,
    eosTokenId,
    padTokenId: idOf(specialTokens.pad_token) ?? eosTokenId,
    encode: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids,
    decode,
    tokenText,
    applyChatTemplate,
    endsWithAny,
  };
}

/**
 * What a model wrote, without special tokens: what scorers and environments
 * read, as in the released code (interactions, runner.py).
 */
export function completionText(
  tokenizer: Pick<Tokenizer, "decode">,
  ids: ArrayLike<number>,
): string {
  return tokenizer.decode(ids, { skipSpecialTokens: true });
}

/**
 * Renders a conversation in plain ChatML, as MemGen does with every model.
 *
 * Source: CONVERSATION_TEMPLATE in memgen/utils.py of the released code, which
 * shows tool results as the user's. Deviation: it leaves out messages of any
 * other role without a word.
 *
 * @throws {RangeError} If a role is none of the four.
 */
export function renderChatMl(
  messages: readonly ChatMessage[],
  { addGenerationPrompt = false }: ChatOptions = {},
): string {
  const turns = messages.map(({ role, content }) => {
    if (!["system", "user", "assistant", "tool"].includes(role)) {
      throw new RangeError(
        `Cannot render a conversation as roles must be system, user, ` +
          `assistant or tool: current value is ${role}`,
      );
    }
    const shownRole = role === "tool" ? "user" : role;
    return `<|im_start|>${shownRole}\n${content}<|im_end|>\n`;
  });
  return turns.join("") +
    (addGenerationPrompt ? "<|im_start|>assistant\n" : "");
}

/** Reads `tokenizer.json` and refuses what would not keep every text whole. */
function readDefinition(path: string): Record<string, unknown> {
  const definition = readJsonObject(path);
  const model = definition.model as Record<string, unknown> | undefined;
  const decoder = definition.decoder as Record<string, unknown> | undefined;
  if (model?.type !== "BPE" || decoder?.type !== "ByteLevel") {
    throw new TypeError(
      `Cannot read ${path} as it must be a BPE model with a ByteLevel ` +
        `decoder: current value is ${model?.type} with ${decoder?.type}`,
    );
  }
  const missing = byteSymbols().find((symbol) =>
    !Object.hasOwn(model.vocab as Record<string, number>, symbol)
  );
  if (missing !== undefined) {
    throw new TypeError(
      `Cannot read ${path} as its vocabulary must hold all 256 bytes: ` +
        `current value is one without ${JSON.stringify(missing)}`,
    );
  }
  return definition;
}

/**
 * The characters by which byte-level BPE spells bytes: the printable ones of
 * Latin-1 for themselves, 256 and up for the other 68.
 */
function byteSymbols(): string[] {
  return Array.from({ length: 324 }, (_, code) => String.fromCharCode(code))
    .filter((symbol) => /[!-~¡-¬®-ÿ\u0100-\u0143]/.test(symbol));
}

function readTemplate(
  folder: string,
  config: Record<string, unknown>,
): Template | undefined {
  const path = join(folder, "chat_template.jinja");
  let source = config.chat_template;
  try {
    source = Deno.readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (source === undefined || source === null) return undefined;
  try {
    return new Template(source as string);
  } catch (error) {
    throw new SyntaxError(
      `Cannot read the chat template of ${folder} as it must be Jinja: ` +
        `current value is ${JSON.stringify(source).slice(0, 80)}`,
      { cause: error },
    );
  }
}

/** A configuration names a special token by its text or as an added token. */
function specialTokenText(token: unknown): string | undefined {
  const text = typeof token === "object" && token !== null && "content" in token
    ? token.content
    : token;
  return typeof text === "string" ? text : undefined;
}
