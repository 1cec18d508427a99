/**
 * The words of the twins' controlled language.
 *
 * Every word here becomes one token of the mini reasoners (other text falls
 * back to bytes), so the lists only grow when a reasoner is trained anew.
 */

/** People of the problems. */
export const NAMES = [
  "Ada",
  "Ben",
  "Cleo",
  "Dan",
  "Eva",
  "Finn",
  "Gus",
  "Hana",
  "Ivo",
  "Jill",
  "Kai",
  "Lena",
  "Milo",
  "Nora",
  "Otto",
  "Pia",
  "Quinn",
  "Rosa",
  "Sam",
  "Zoe",
] as const;

/** What people own, in the singular. */
export const ITEMS = [
  "stone",
  "apple",
  "kite",
  "shell",
  "bead",
  "lamp",
  "rope",
  "drum",
  "plum",
  "coat",
  "nail",
  "mug",
  "pear",
  "ring",
  "seed",
  "tile",
] as const;

/** What items come in, in the singular. */
export const CONTAINERS = [
  "crate",
  "sack",
  "jar",
  "tray",
  "basket",
  "chest",
  "tin",
  "bucket",
  "carton",
  "bag",
  "drawer",
  "barrel",
  "case",
  "trunk",
  "bowl",
  "packet",
  "bin",
  "pouch",
  "cask",
  "hamper",
] as const;

/** Invented verbs: what they do to a number of things must be learned. */
export const VERBS = [
  "blorp",
  "zindle",
  "frim",
  "quog",
  "snerd",
  "tweeb",
  "glimp",
  "drask",
  "wump",
  "yarl",
  "plonk",
  "vint",
  "skree",
  "mubble",
  "trosk",
  "hing",
] as const;

/** Machines that make items. */
export const MACHINES = [
  "press",
  "mill",
  "loom",
  "lathe",
  "kiln",
  "forge",
] as const;

/** Where a part of what is brought must be left. */
export const FAIRS = [
  "fair",
  "market",
  "bazaar",
  "auction",
  "harbour",
  "border",
] as const;

/** Spans of years. */
export const SPANS = [
  "era",
  "reign",
  "cycle",
  "term",
  "phase",
  "spell",
] as const;

/** A person. */
export type Name = typeof NAMES[number];
/** An item. */
export type ItemName = typeof ITEMS[number];
/** A container. */
export type Container = typeof CONTAINERS[number];
/** An invented verb. */
export type Verb = typeof VERBS[number];

/** A machine. */
export type Machine = typeof MACHINES[number];
/** A fair. */
export type Fair = typeof FAIRS[number];
/** A span of years. */
export type Span = typeof SPANS[number];

/** `a` or `an` before a word. */
export function article(word: string): string {
  return /^[aeiou]/.test(word) ? "an" : "a";
}

/** `a` or `an` before a word, with a capital. */
export function capitalArticle(word: string): string {
  return /^[aeiou]/.test(word) ? "An" : "A";
}

/** `pouches`, `apples`: the plural of an item or a container. */
export function plural(word: string): string {
  return /(ch|s|x)$/.test(word) ? `${word}es` : `${word}s`;
}
