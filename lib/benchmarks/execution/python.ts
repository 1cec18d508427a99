/** The Python that runs programs. */

/** Version that the runner needs: it uses structural pattern matching. */
const OLDEST = [3, 10] as const;

const QUESTION =
  "import sys; print(sys.executable, *sys.version_info[:2], sep='\\n')";

let found: Promise<string> | undefined;

/**
 * Path of the Python that `python3` stands for; asked once.
 *
 * The path itself, since what is on the PATH may be a script that needs an
 * environment, which programs do not get.
 *
 * @throws {Deno.errors.NotFound} If there is no python3 on the PATH.
 * @throws {RangeError} If it is older than 3.10.
 */
export function findPython(): Promise<string> {
  found ??= askPython();
  return found;
}

async function askPython(): Promise<string> {
  const command = new Deno.Command("python3", { args: ["-I", "-c", QUESTION] });
  let output: Deno.CommandOutput;
  try {
    output = await command.output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Deno.errors.NotFound(
      "Cannot run programs as python3 must be on the PATH: current value is none",
    );
  }
  const [path, major, minor] = new TextDecoder().decode(output.stdout)
    .trim().split("\n");
  const version = [Number(major), Number(minor)];
  const isRecent = version[0] > OLDEST[0] ||
    (version[0] === OLDEST[0] && version[1] >= OLDEST[1]);
  if (!isRecent) {
    throw new RangeError(
      `Cannot run programs as python3 must be Python ${
        OLDEST.join(".")
      } or newer: current value is ${version.join(".")}`,
    );
  }
  return path;
}
