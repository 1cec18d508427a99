/** What TensorFlow's wheels need of a processor. */

/**
 * Refuses a processor without AVX: on it, the library for x86-64 Linux would
 * end the process while it is loaded.
 *
 * @param cpuinfo Text of /proc/cpuinfo.
 * @throws {Error} Names the processor.
 */
export function requireAvx(cpuinfo: string): void {
  const valueOf = (name: string): string | undefined =>
    new RegExp(`^${name}\\s*: (.*)$`, "m").exec(cpuinfo)?.[1];
  const flags = valueOf("flags");
  if (flags !== undefined && !flags.split(" ").includes("avx")) {
    throw new Error(
      `Cannot start TensorFlow as it needs a processor with AVX: current value is ${
        valueOf("model name") ?? "unknown"
      }`,
    );
  }
}
