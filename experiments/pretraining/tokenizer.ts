/**
 * The mini reasoners' tokenizer, in Hugging Face's format.
 *
 * Words of the twins' controlled language are one token each, digits one
 * each; any other text falls back to its bytes, so nothing is ever unknown
 * and `decode(encode(x)) == x`. It is a byte-level BPE without merges whose
 * vocabulary holds the words whole (`ignore_merges`).
 */

/** Tokens with a meaning of their own, as in Qwen2.5. */
export const SPECIAL_TOKENS = {
  pad: "<|endoftext|>",
  start: "<|im_start|>",
  end: "<|im_end|>",
} as const;

/**
 * How text is cut: the openings of a box and a fraction, tags, fences,
 * indentation, words with the space before them, the marks of a computation, a
 * full stop with its line end (one delimiter, not two), single characters.
 */
const PIECES = String
  .raw`\\(?:boxed|frac)\{|</?[a-z]+>|\x60{3}| {4}| ?\p{L}+|=<<|>>|==|\.\n|[\s\S]`;

/** Pieces that are not words and still one token, but for the tags. */
const MARKS = [
  ...["\\boxed{", "\\frac{", "=<<", ">>", "==", ".\n"],
  ...["```", "    "],
];

/** Files of a tokenizer, by name. */
export type TokenizerFiles = Readonly<Record<string, string>>;

/** The distinct tags and words of texts, with the space before them, sorted. */
export function wordsOf(texts: Iterable<string>): string[] {
  const words = new Set<string>();
  for (const text of texts) {
    for (const [word] of text.matchAll(/<\/?[a-z]+>| \p{L}+|\p{L}{2,}/gu)) {
      words.add(word);
    }
  }
  return [...words].sort();
}

/** A tokenizer whose vocabulary is bytes, marks, the words, special tokens. */
export function tokenizerFiles(words: readonly string[]): TokenizerFiles {
  const spelling = byteSpelling();
  const spell = (text: string): string =>
    Array.from(new TextEncoder().encode(text), (byte) => spelling[byte])
      .join("");
  const symbols = [...spelling, ...MARKS.map(spell), ...words.map(spell)];
  const vocabulary = Object.fromEntries(
    [...new Set(symbols)].map((symbol, id) => [symbol, id]),
  );
  const first = Object.keys(vocabulary).length;
  const special = Object.values(SPECIAL_TOKENS).map((content, i) => ({
    id: first + i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  return {
    "tokenizer.json": json({
      version: "1.0",
      truncation: null,
      padding: null,
      added_tokens: special,
      normalizer: null,
      pre_tokenizer: {
        type: "Sequence",
        pretokenizers: [
          {
            type: "Split",
            pattern: { Regex: PIECES },
            behavior: "Isolated",
            invert: false,
          },
          {
            type: "ByteLevel",
            add_prefix_space: false,
            trim_offsets: true,
            use_regex: false,
          },
        ],
      },
      post_processor: null,
      decoder: {
        type: "ByteLevel",
        add_prefix_space: true,
        trim_offsets: true,
        use_regex: true,
      },
      model: {
        type: "BPE",
        dropout: null,
        unk_token: null,
        continuing_subword_prefix: null,
        end_of_word_suffix: null,
        fuse_unk: false,
        byte_fallback: false,
        ignore_merges: true,
        vocab: vocabulary,
        merges: [],
      },
    }),
    "tokenizer_config.json": json({
      added_tokens_decoder: Object.fromEntries(
        special.map(({ id, ...token }) => [String(id), token]),
      ),
      clean_up_tokenization_spaces: false,
      eos_token: SPECIAL_TOKENS.end,
      pad_token: SPECIAL_TOKENS.pad,
      model_max_length: 4096,
      tokenizer_class: "PreTrainedTokenizerFast",
    }),
    "special_tokens_map.json": json({
      eos_token: SPECIAL_TOKENS.end,
      pad_token: SPECIAL_TOKENS.pad,
    }),
    "chat_template.jinja":
      "{%- for m in messages -%}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{%- endfor -%}{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}",
  };
}

/** The printable character that stands for each byte (GPT-2). */
function byteSpelling(): string[] {
  const isPrintable = (byte: number): boolean =>
    byte >= 33 && byte <= 126 || byte >= 161 && byte <= 172 || byte >= 174;
  let next = 256;
  return Array.from(
    { length: 256 },
    (_, byte) => String.fromCodePoint(isPrintable(byte) ? byte : next++),
  );
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
