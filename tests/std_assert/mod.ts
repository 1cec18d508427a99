/**
 * The part of jsr:@std/assert that our tests use, over node:assert, so that
 * the tests run where JSR does not answer (`links` in deno.json).
 *
 * Same names, same arguments, same meaning; messages are node:assert's.
 *
 * @module
 */
import nodeAssert from "node:assert/strict";

/** Thrown by every assertion that does not hold. */
export const AssertionError: typeof nodeAssert.AssertionError =
  nodeAssert.AssertionError;

/** Throws unless `value` is truthy. */
export function assert(value: unknown, message?: string): asserts value {
  nodeAssert.ok(value, message);
}

/** Throws unless `actual` and `expected` are deeply equal. */
export function assertEquals<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  nodeAssert.deepStrictEqual(actual, expected, message);
}

/** Throws if `actual` and `expected` are deeply equal. */
export function assertNotEquals<T>(
  actual: T,
  expected: T,
  message?: string,
): void {
  nodeAssert.notDeepStrictEqual(actual, expected, message);
}

/** Throws unless `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  message?: string,
): void {
  nodeAssert.ok(
    actual.includes(expected),
    message ??
      `expected ${JSON.stringify(actual)} to contain ${
        JSON.stringify(expected)
      }`,
  );
}

/** Throws unless `actual` matches `expected`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  message?: string,
): void {
  nodeAssert.match(actual, expected, message);
}

/**
 * Throws unless |actual - expected| <= tolerance.
 *
 * @param tolerance Default: 1e-7 times |expected|, or 1e-7 when it is 0.
 */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  message?: string,
): void {
  const bound = tolerance ??
    (expected === 0 ? 1e-7 : Math.abs(expected) * 1e-7);
  nodeAssert.ok(
    Object.is(actual, expected) || Math.abs(actual - expected) <= bound,
    message ?? `expected ${actual} to be within ${bound} of ${expected}`,
  );
}

// deno-lint-ignore no-explicit-any
type ErrorClass<E extends Error> = new (...args: any[]) => E;

function check<E extends Error>(
  error: unknown,
  errorClass: ErrorClass<E>,
  messageIncludes?: string,
): E {
  nodeAssert.ok(
    error instanceof errorClass,
    `expected a ${errorClass.name}, got ${error}`,
  );
  if (messageIncludes !== undefined) {
    assertStringIncludes(error.message, messageIncludes);
  }
  return error;
}

/** Throws unless `fn` throws an `errorClass` whose message contains the text. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E> = Error as unknown as ErrorClass<E>,
  messageIncludes?: string,
): E {
  try {
    fn();
  } catch (error) {
    return check(error, errorClass, messageIncludes);
  }
  throw new AssertionError({ message: `expected a ${errorClass.name}` });
}

/** Like `assertThrows`, for a function that returns a promise. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E> = Error as unknown as ErrorClass<E>,
  messageIncludes?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return check(error, errorClass, messageIncludes);
  }
  throw new AssertionError({ message: `expected a ${errorClass.name}` });
}
