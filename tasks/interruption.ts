/** Ctrl-C in tasks that go on where they were stopped. */
// deno-lint-ignore-file no-console

/** Ctrl-C as a signal, until it is disposed; a second Ctrl-C ends at once. */
export function interruption(): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const dispose = (): void => Deno.removeSignalListener("SIGINT", onInterrupt);
  function onInterrupt(): void {
    console.error("\nStopping after this step; Ctrl-C again ends at once");
    controller.abort();
    dispose();
  }
  Deno.addSignalListener("SIGINT", onInterrupt);
  return { signal: controller.signal, [Symbol.dispose]: dispose };
}

/** What a shell reports for a process that Ctrl-C ended. */
export const INTERRUPTED_EXIT = 130;
