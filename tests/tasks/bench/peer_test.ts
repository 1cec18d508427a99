import { assertEquals, assertRejects } from "@std/assert";
import { join } from "node:path";
import { PeerProcess } from "@/tasks/bench/peer.ts";
import { withFolder } from "@/tests/folder.ts";

/** Deno runs it, in place of Python. */
const FAKE = new URL("fake_peer.ts", import.meta.url);

function startFake(): Promise<PeerProcess> {
  return PeerProcess.start(Deno.execPath(), FAKE, {
    threads: 2,
    args: ["folder"],
  });
}

Deno.test("PeerProcess answers request after request", async () => {
  const peer = await startFake();
  try {
    assertEquals(peer.versions, { fake: "2 folder" });
    assertEquals(await peer.measure({ size: 1 }, 3), {
      seconds: [0.5, 0.5, 0.5],
      tokens: null,
      process: { empty: 1e6, peak: 3e6, prepared: 2 },
    });
    // Longer than what a pipe hands over at once.
    const tokens = [Array.from({ length: 50_000 }, (_, i) => i)];
    assertEquals((await peer.measure({ tokens }, 1)).tokens, tokens);
  } finally {
    await peer.close();
  }
});

Deno.test("PeerProcess.measure() says what a failed program printed last", async () => {
  const peer = await startFake();
  try {
    for (let attempt = 0; attempt < 2; attempt++) {
      await assertRejects(
        () => peer.measure({ error: "RuntimeError: too large" }, 1),
        Error,
        "Cannot measure the peer as it must not fail: current value is RuntimeError: too large",
      );
    }
  } finally {
    await peer.close();
  }
});

Deno.test("PeerProcess.start() names a Python that does not exist", async () => {
  await assertRejects(
    () => PeerProcess.start("/none/python", "train_torch.py", { threads: 1 }),
    Error,
    "Cannot start the peer train_torch.py as /none/python must be a Python that has what it imports: current value is Failed to spawn '/none/python'",
  );
});

Deno.test("PeerProcess.start() says what a Python lacks, or that it is none", () =>
  withFolder(async (folder) => {
    const python = join(folder, "python");
    const scripts = {
      "echo first >&2; echo \"ModuleNotFoundError: No module named 'torch'\" >&2; exit 1":
        "ModuleNotFoundError: No module named 'torch'",
      "exit 3": "exit code 3",
      "echo hello; read line": "Unexpected token",
    };
    for (const [script, message] of Object.entries(scripts)) {
      await Deno.writeTextFile(python, `#!/bin/sh\n${script}\n`, {
        mode: 0o755,
      });
      await assertRejects(
        () => PeerProcess.start(python, "generate_hf.py", { threads: 1 }),
        Error,
        `must be a Python that has what it imports: current value is ${message}`,
      );
    }
  }));
