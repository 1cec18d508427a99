/** Processes of this machine, found by the name that they gave themselves. */

/** Ids of processes with that name; none where there is no /proc. */
export async function processesNamed(name: string): Promise<string[]> {
  if (Deno.build.os !== "linux") return [];
  const found: string[] = [];
  for (const { name: id } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(id)) continue;
    const comm = await Deno.readTextFile(`/proc/${id}/comm`).catch(() => "");
    if (comm.trim() === name) found.push(id);
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
