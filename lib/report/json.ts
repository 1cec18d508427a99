/** JSON values as types: what figures and notebooks are made of. */

/** A JSON value. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | JsonObject;

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/**
 * Whether a JSON value is an object and neither null nor an array.
 *
 * @param json A value, or undefined for a key that is not there.
 * @returns True for an object.
 */
export function isJsonObject(json: Json | undefined): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
