/** Peers: Python programs that stay alive and are measured on request. */
import { fileURLToPath } from "node:url";
import type { ProcessReport, Timing } from "./paired.ts";

/** The programs, in this folder. */
export type PeerProgram =
  | "train_torch.py"
  | "generate_hf.py"
  | "official_memgen.py";

/** What a program is asked to do, as `prepare` of the program names it. */
export type PeerWork = Readonly<Record<string, unknown>>;

/** Something that is measured on request. */
export interface Peer {
  /** Does the same work a number of times. */
  measure(work: PeerWork, runs: number): Promise<Timing>;
}

/** How a program is started. */
export interface PeerOptions {
  /** Threads that it may compute with. */
  readonly threads: number;
  /** Further arguments of the program. @default {[]} */
  readonly args?: readonly string[];
  /** Arguments of what runs the program. @default {[]} */
  readonly flags?: readonly string[];
}

/**
 * A running program. It waits for requests without computing, and ends when it
 * is closed or this process ends.
 */
export class PeerProcess implements Peer {
  /** Versions of what it runs on, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly #connection: Connection;

  private constructor(
    connection: Connection,
    versions: Readonly<Record<string, string>>,
  ) {
    this.#connection = connection;
    this.versions = versions;
  }

  /**
   * Starts a program and waits until it is ready.
   *
   * @param python Path or name of the Python that runs it.
   * @throws {Error} If there is no such Python, or it lacks a package.
   */
  static async start(
    python: string,
    program: PeerProgram | URL,
    { threads, args = [], flags = [] }: PeerOptions,
  ): Promise<PeerProcess> {
    const path = fileURLToPath(new URL(program, import.meta.url));
    let connection: Connection | undefined;
    try {
      connection = new Connection(python, [
        ...flags,
        path,
        `${threads}`,
        ...args,
      ]);
      return new PeerProcess(
        connection,
        await connection.read() as PeerProcess["versions"],
      );
    } catch (error) {
      await connection?.close();
      throw new Error(
        `Cannot start the peer ${program} as ${python} must be a Python that has what it imports: current value is ${
          messageOf(error)
        }`,
      );
    }
  }

  /**
   * Does the same work a number of times.
   *
   * @throws {Error} If the program fails; says how.
   */
  async measure(
    work: PeerWork,
    runs: number,
  ): Promise<Timing & { readonly process: ProcessReport }> {
    try {
      await this.#connection.write({ work, runs });
      const reply = await this.#connection.read();
      return reply as Timing & { readonly process: ProcessReport };
    } catch (error) {
      throw new Error(
        `Cannot measure the peer as it must not fail: current value is ${
          messageOf(error)
        }`,
      );
    }
  }

  /** Ends the program. */
  async close(): Promise<void> {
    await this.#connection.close();
  }
}

/** A process that answers JSON lines; its errors are what it printed last. */
class Connection {
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #replies: AsyncGenerator<string, undefined>;
  readonly #errors: Promise<string>;

  /** @throws {Error} If there is no such program. */
  constructor(program: string, args: readonly string[]) {
    this.#process = new Deno.Command(program, {
      args: [...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: {
        // A peer leaves no files and asks no server.
        PYTHONDONTWRITEBYTECODE: "1",
        HF_HUB_OFFLINE: "1",
        TOKENIZERS_PARALLELISM: "false",
      },
    }).spawn();
    this.#requests = this.#process.stdin.getWriter();
    this.#replies = splitLines(this.#process.stdout);
    this.#errors = new Response(this.#process.stderr).text();
  }

  async write(message: unknown): Promise<void> {
    const line = `${JSON.stringify(message)}\n`;
    // A process that has died cannot read; `read` says why it has.
    await this.#requests.write(new TextEncoder().encode(line)).catch(() => {});
  }

  /** @throws {Error} If there is no reply; says what was printed last. */
  async read(): Promise<unknown> {
    const { value } = await this.#replies.next();
    if (value !== undefined) return JSON.parse(value);
    const [{ code }, errors] = await Promise.all([
      this.#process.status,
      this.#errors,
    ]);
    const last = errors.trimEnd().split("\n").at(-1);
    throw new Error(last || `exit code ${code}`);
  }

  async close(): Promise<void> {
    await this.#requests.close().catch(() => {});
    await this.#replies.return(undefined);
    await this.#process[Symbol.asyncDispose]();
    await this.#errors;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function* splitLines(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string, undefined> {
  let pending = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (pending + text).split("\n");
    pending = lines.pop()!;
    yield* lines;
  }
}
