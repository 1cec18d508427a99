/**
 * The ledger: what was computed, what is being computed, and by whom.
 *
 * A cell is named by its content (kind, settings, version), done once, and
 * kept in SQLite beside a folder of files. A process that is killed loses the
 * cell that it was at; its lease is taken over. Two processes never do the
 * same cell; files that do not fit their checksum are made again.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { hostname } from "node:os";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";

/** Plain data. */
export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Something to compute. */
export interface Cell {
  /** What kind of computation, such as `train`. */
  readonly kind: string;
  /** Version of its code: a change of results changes it. */
  readonly version: number;
  /** All that the result depends on. */
  readonly settings: { readonly [key: string]: Json };
}

/** A cell that is done. */
export interface Done<Result> {
  /** What `compute` returned. */
  readonly result: Result;
  /** The folder with its files. */
  readonly folder: string;
  /** Seconds that it took. */
  readonly seconds: number;
}

/** Thrown when the user stops a run: nothing that is finished is lost. */
export class Interrupted extends Error {
  /** Name of the class. */
  override readonly name = "Interrupted";
}

/** Longer than a step or a compilation ever blocks the heartbeat. */
const LEASE_SECONDS = 120;
const POLL_MS = 500;

interface CellRow {
  readonly status: "running" | "done" | "failed";
  readonly owner: string;
  readonly expires: number;
  readonly result: string | null;
  readonly checksum: string | null;
  readonly seconds: number | null;
}

/** Canonical JSON: records in the order of their keys. */
function canonical(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const record = value as { readonly [key: string]: Json };
    const fields = Object.keys(record).sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(record[key])}`);
    return `{${fields.join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Name of a cell: 16 hexadecimal digits of its content's sha256. */
export function cellKey({ kind, version, settings }: Cell): string {
  const content = canonical({ kind, version, settings });
  return createHash("sha256").update(content).digest("hex").slice(0, 16);
}

/** Cells of one preset, in one folder. */
export class Ledger implements Disposable {
  /** Where files are kept. */
  readonly folder: string;
  readonly #database: DatabaseSync;
  readonly #owner = `${hostname()}:${Deno.pid}`;
  readonly #now: () => number;

  /**
   * Opens the ledger of a folder, which is made if it does not exist.
   *
   * @param now Time in seconds, for the leases. Default: the clock.
   */
  constructor(folder: string, now: () => number = () => Date.now() / 1000) {
    Deno.mkdirSync(join(folder, "cells"), { recursive: true });
    this.folder = folder;
    this.#now = now;
    this.#database = new DatabaseSync(join(folder, "ledger.sqlite"));
    // First: two processes may open a new database at the same moment.
    this.#database.exec("PRAGMA busy_timeout = 10000");
    this.#database.exec("PRAGMA journal_mode = WAL");
    this.#database.exec(`
      CREATE TABLE IF NOT EXISTS cells (
        key TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        settings TEXT NOT NULL,
        status TEXT NOT NULL,
        owner TEXT NOT NULL,
        expires REAL NOT NULL,
        result TEXT,
        checksum TEXT,
        seconds REAL,
        error TEXT
      ) STRICT`);
  }

  /** Whether a cell is done. Its files are checked when it is used. */
  isDone(cell: Cell): boolean {
    return this.#row(cellKey(cell))?.status === "done";
  }

  /**
   * The result of a cell, computed if it is not there.
   *
   * @param compute Writes its files into the folder it gets, which is empty,
   * and returns plain data.
   * @throws {Interrupted} If `compute` threw it: the cell is free again.
   * @throws What `compute` threw: the cell is marked as failed and computed
   * again at the next call.
   */
  async run<Result>(
    cell: Cell,
    compute: (folder: string) => Promise<Result> | Result,
  ): Promise<Done<Result>> {
    const key = cellKey(cell);
    for (;;) {
      const done = this.#done<Result>(key);
      if (done !== undefined) return done;
      if (this.#lease(key, cell)) break;
      await delay(POLL_MS);
    }
    const temporary = join(this.folder, "cells", `${key}.part`);
    const heartbeat = setInterval(() => this.#renew(key), LEASE_SECONDS * 300);
    const start = performance.now();
    try {
      removeFolder(temporary);
      Deno.mkdirSync(temporary);
      const result = await compute(temporary);
      const folder = this.#folderOf(key);
      removeFolder(folder);
      Deno.renameSync(temporary, folder);
      const seconds = (performance.now() - start) / 1000;
      this.#database.prepare(
        "UPDATE cells SET status = 'done', result = ?, checksum = ?, seconds = ?, error = NULL WHERE key = ?",
      ).run(JSON.stringify(result), folderChecksum(folder), seconds, key);
      return { result, folder, seconds };
    } catch (error) {
      removeFolder(temporary);
      if (error instanceof Interrupted) {
        this.#database.prepare("DELETE FROM cells WHERE key = ?").run(key);
      } else {
        this.#database.prepare(
          "UPDATE cells SET status = 'failed', error = ? WHERE key = ?",
        ).run(error instanceof Error ? error.message : String(error), key);
      }
      throw error;
    } finally {
      clearInterval(heartbeat);
    }
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#database.close();
  }

  #folderOf(key: string): string {
    return join(this.folder, "cells", key);
  }

  #row(key: string): CellRow | undefined {
    return this.#database.prepare(
      "SELECT status, owner, expires, result, checksum, seconds FROM cells WHERE key = ?",
    ).get(key) as CellRow | undefined;
  }

  /** The finished cell; forgotten if its files are not what they were. */
  #done<Result>(key: string): Done<Result> | undefined {
    const row = this.#row(key);
    if (row?.status !== "done") return undefined;
    const folder = this.#folderOf(key);
    if (folderChecksum(folder) !== row.checksum) {
      this.#database.prepare(
        "DELETE FROM cells WHERE key = ? AND status = 'done'",
      ).run(key);
      return undefined;
    }
    const result = JSON.parse(row.result!) as Result;
    return { result, folder, seconds: row.seconds! };
  }

  /** Takes the cell unless somebody alive has it. */
  #lease(key: string, cell: Cell): boolean {
    const expires = this.#now() + LEASE_SECONDS;
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const row = this.#row(key);
      const isFree = row === undefined || row.status === "failed" ||
        row.status === "running" &&
          (row.expires < this.#now() || isDead(row.owner));
      if (isFree) {
        this.#database.prepare(
          "INSERT OR REPLACE INTO cells (key, kind, settings, status, owner, expires) VALUES (?, ?, ?, 'running', ?, ?)",
        ).run(key, cell.kind, canonical(cell.settings), this.#owner, expires);
      }
      this.#database.exec("COMMIT");
      return isFree;
    } catch (error) {
      this.#database.exec("ROLLBACK");
      throw error;
    }
  }

  #renew(key: string): void {
    this.#database.prepare(
      "UPDATE cells SET expires = ? WHERE key = ? AND owner = ?",
    ).run(this.#now() + LEASE_SECONDS, key, this.#owner);
  }
}

/** Whether the owner of a lease was a process of this machine that ended. */
function isDead(owner: string): boolean {
  const [host, pid] = owner.split(":");
  if (host !== hostname()) return false;
  try {
    // Signal 0 only asks whether the process exists.
    process.kill(Number(pid), 0);
    return false;
  } catch {
    return true;
  }
}

/** sha256 of names and contents of a folder's files; empty if it is gone. */
export function folderChecksum(folder: string): string {
  const hash = createHash("sha256");
  const visit = (path: string, name: string): void => {
    const entries = [...Deno.readDirSync(path)]
      .sort((a, b) => a.name < b.name ? -1 : 1);
    for (const entry of entries) {
      const child = join(path, entry.name);
      if (entry.isDirectory) {
        visit(child, `${name}/${entry.name}`);
      } else {
        hash.update(`${name}/${entry.name}\0`);
        hash.update(Deno.readFileSync(child));
      }
    }
  };
  try {
    visit(folder, "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
  return hash.digest("hex");
}

function removeFolder(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
