/**
 * Two services of the C library that loading TensorFlow needs: silence, as
 * the library writes to the terminal while it is loaded whatever its log
 * level, and permanence, as its threads outlive the unloading with which Deno
 * ends and would crash the process.
 */

interface SystemLibrary {
  readonly path: string;
  /** Flags of `dlopen`: bind now, never unload. */
  readonly nowNoDelete: number;
}

const SYSTEM_LIBRARIES: Readonly<
  Partial<Record<typeof Deno.build.os, SystemLibrary>>
> = {
  linux: { path: "libc.so.6", nowNoDelete: 0x2 | 0x1000 },
  darwin: { path: "libSystem.B.dylib", nowNoDelete: 0x2 | 0x80 },
};

const STDERR = 2;
const WRITE_ONLY = 1;

/**
 * Calls `load` with the process's standard error going nowhere.
 *
 * On a system whose C library we do not know, `load` is just called.
 */
export function withoutStderr<T>(load: () => T): T {
  const system = SYSTEM_LIBRARIES[Deno.build.os];
  if (system === undefined) return load();
  const libc = Deno.dlopen(system.path, {
    dup: { parameters: ["i32"], result: "i32" },
    dup2: { parameters: ["i32", "i32"], result: "i32" },
    open: { parameters: ["buffer", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  });
  const { dup, dup2, open, close } = libc.symbols;
  const saved = dup(STDERR);
  const nowhere = open(cPath("/dev/null"), WRITE_ONLY);
  dup2(nowhere, STDERR);
  try {
    return load();
  } finally {
    dup2(saved, STDERR);
    close(saved);
    close(nowhere);
    libc.close();
  }
}

/** Keeps a library in memory until the process ends, if it can be opened. */
export function neverUnload(path: string): void {
  const system = SYSTEM_LIBRARIES[Deno.build.os];
  if (system === undefined) return;
  const libc = Deno.dlopen(system.path, {
    dlopen: { parameters: ["buffer", "i32"], result: "pointer" },
  });
  libc.symbols.dlopen(cPath(path), system.nowNoDelete);
  libc.close();
}

function cPath(path: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${path}\0`);
}
