/**
 * Seeded random numbers: a stream for every key, so that a result depends on
 * what it is for and not on the order in which things run.
 *
 * @module
 */

/** Returns the next number of its stream, in [0, 1), with 32 random bits. */
export type Random = () => number;

/**
 * The stream of a key, such as `("gsm8k", "train", 7)`.
 *
 * Equal keys give equal streams on every machine. Generator: sfc32 (Chris
 * Doty-Humphrey, PractRand), seeded by an FNV-1a hash of the key's JSON with
 * four offsets; not for cryptography.
 */
export function seededRandom(...key: readonly (string | number)[]): Random {
  const bytes = new TextEncoder().encode(JSON.stringify(key));
  const [a0, b0, c0, d0] = [0, 1, 2, 3].map((lane) => {
    let hash = 0x811c9dc5 ^ (lane * 0x9e3779b9);
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
    return hash | 0;
  });
  let [a, b, c, counter] = [a0, b0, c0, d0];
  function next(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + sum) | 0;
    return (sum >>> 0) / 2 ** 32;
  }
  // The first outputs of close seeds are alike.
  for (let i = 0; i < 15; i++) next();
  return next;
}

/** An integer in [0, n), every one as likely. */
export function randomInt(random: Random, n: number): number {
  return Math.floor(random() * n);
}

/** One of the items, every one as likely. */
export function randomChoice<T>(random: Random, items: readonly T[]): T {
  if (items.length === 0) {
    throw new RangeError(
      "Cannot choose an item as there must be one: current value is []",
    );
  }
  return items[randomInt(random, items.length)];
}

/** A shuffled copy (Fisher-Yates). */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const result = [...items];
  for (let i = result.length - 1; i > 0; i--) {
    const j = randomInt(random, i + 1);
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

/** `n` standard normal numbers (Box-Muller). */
export function normals(random: Random, n: number): Float32Array<ArrayBuffer> {
  const result = new Float32Array(n);
  for (let i = 0; i < n; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - random()));
    const angle = 2 * Math.PI * random();
    result[i] = radius * Math.cos(angle);
    if (i + 1 < n) result[i + 1] = radius * Math.sin(angle);
  }
  return result;
}

/** `n` numbers uniform in [-bound, bound). */
export function uniforms(
  random: Random,
  n: number,
  bound: number,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: n }, () => (2 * random() - 1) * bound);
}
