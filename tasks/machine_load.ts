/** Whether others compute on this machine while something is measured. */
// deno-lint-ignore-file no-console

/**
 * Says that others compute, if they do.
 *
 * @returns Processes that wanted to compute in the last minute.
 */
export function warnOfLoad(): number {
  const [load] = Deno.loadavg();
  if (load > navigator.hardwareConcurrency / 4) {
    console.error(
      `This machine was busy in the last minute (load ${
        load.toFixed(1)
      }): do not trust what follows if it still is`,
    );
  }
  return load;
}
