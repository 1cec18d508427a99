/** Processes of this machine, found by a mark that they carry. */

/** Ids of processes that named themselves so; none where there is no /proc. */
export function processesNamed(name: string): Promise<string[]> {
  return findProcesses(({ comm }) => comm === name);
}

/** The same, and of those that have the mark among their arguments. */
export function processesMarked(mark: string): Promise<string[]> {
  return findProcesses(({ comm, cmdline }) =>
    comm === mark || cmdline.includes(mark)
  );
}

async function findProcesses(
  isWanted: (process: { comm: string; cmdline: string }) => boolean,
): Promise<string[]> {
  if (Deno.build.os !== "linux") return [];
  const found: string[] = [];
  for (const { name: id } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(id)) continue;
    const [comm, cmdline] = await Promise.all(
      ["comm", "cmdline"].map((file) =>
        Deno.readTextFile(`/proc/${id}/${file}`).catch(() => "")
      ),
    );
    if (isWanted({ comm: comm.trim(), cmdline })) found.push(id);
  }
  return found;
}

/**
 * Waits until there are `count` such processes.
 *
 * @throws {Error} If there are not after half a minute.
 */
export async function waitForProcesses(
  name: string,
  count: number,
): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if ((await processesNamed(name)).length === count) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(
    `Cannot go on as ${count} processes must be named ${name}: current value is ${
      (await processesNamed(name)).length
    }`,
  );
}
