/**
 * Python pickles of plain values, reading and writing.
 *
 * A pickle is a program for a stack machine that can call any Python function.
 * The machine of this file builds numbers, text, booleans, None, tuples, lists
 * and dicts; its host decides which globals there are and what calling them
 * gives. Every other operation is refused by name.
 *
 * Source: pickletools.py of CPython, protocol 2.
 *
 * @file
 */

/** A Python class or function that a pickle names. */
export class Global {
  /** Names it `module.name`. */
  constructor(readonly name: string) {}
}

/** A call in a pickle to be written. */
export class Call {
  /** Calls it with positional arguments. */
  constructor(
    readonly callee: Global,
    readonly args: readonly PickleTree[],
  ) {}
}

/** A reference, in a pickle to be written, to an object outside it. */
export class PersistentId {
  /** Refers by a tuple, which only the host understands. */
  constructor(readonly id: readonly PickleTree[]) {}
}

/** What can be written; arrays become tuples, numbers must be int32. */
export type PickleTree =
  | number
  | string
  | boolean
  | readonly PickleTree[]
  | ReadonlyMap<string, PickleTree>
  | Global
  | Call
  | PersistentId;

/** What a pickle may name and call. Each method throws what it refuses. */
export interface PickleHost {
  /** What a global stands for. */
  findGlobal(name: string): unknown;
  /** The object outside the pickle that a persistent id stands for. */
  load(id: unknown): unknown;
  /** The result of a call. */
  call(callee: unknown, args: readonly unknown[]): unknown;
  /** Sets an object's state. */
  build(target: unknown, state: unknown): void;
  /** The error of a rule that the pickle breaks. */
  error(rule: string, value: unknown): Error;
}

/** Rule of the errors about what a pickle must not do. */
export const ONLY_TENSORS =
  "its pickle may only build tensors and dictionaries";

/** Every opcode of pickle, so that a refused one can be named. */
const OPCODES: ReadonlyMap<number, string> = new Map(
  `28 MARK, 29 EMPTY_TUPLE, 2e STOP, 30 POP, 31 POP_MARK, 32 DUP, 42 BINBYTES,
   43 SHORT_BINBYTES, 46 FLOAT, 47 BINFLOAT, 49 INT, 4a BININT, 4b BININT1,
   4c LONG, 4d BININT2, 4e NONE, 50 PERSID, 51 BINPERSID, 52 REDUCE, 53 STRING,
   54 BINSTRING, 55 SHORT_BINSTRING, 56 UNICODE, 58 BINUNICODE, 5d EMPTY_LIST,
   61 APPEND, 62 BUILD, 63 GLOBAL, 64 DICT, 65 APPENDS, 67 GET, 68 BINGET,
   69 INST, 6a LONG_BINGET, 6c LIST, 6f OBJ, 70 PUT, 71 BINPUT, 72 LONG_BINPUT,
   73 SETITEM, 74 TUPLE, 75 SETITEMS, 7d EMPTY_DICT, 80 PROTO, 81 NEWOBJ,
   82 EXT1, 83 EXT2, 84 EXT4, 85 TUPLE1, 86 TUPLE2, 87 TUPLE3, 88 NEWTRUE,
   89 NEWFALSE, 8a LONG1, 8b LONG4, 8c SHORT_BINUNICODE, 8d BINUNICODE8,
   8e BINBYTES8, 8f EMPTY_SET, 90 ADDITEMS, 91 FROZENSET, 92 NEWOBJ_EX,
   93 STACK_GLOBAL, 94 MEMOIZE, 95 FRAME, 96 BYTEARRAY8, 97 NEXT_BUFFER,
   98 READONLY_BUFFER`
    .split(",").map((entry) => entry.trim().split(" "))
    .map(([code, name]) => [Number.parseInt(code, 16), name]),
);

const OPCODE_BYTES: ReadonlyMap<string, number> = new Map(
  Array.from(OPCODES, ([code, name]) => [name, code]),
);

/** What the machine can do, by opcode; STOP aside. */
const OPERATIONS: ReadonlyMap<string, (machine: PickleMachine) => void> =
  new Map<string, (machine: PickleMachine) => void>([
    ["PROTO", (machine) => void machine.takeUint8()],
    ["MARK", (machine) => machine.push(MARK)],
    ["NONE", (machine) => machine.push(null)],
    ["NEWTRUE", (machine) => machine.push(true)],
    ["NEWFALSE", (machine) => machine.push(false)],
    ["BININT", (machine) => machine.push(machine.take(4).getInt32(0, true))],
    ["BININT1", (machine) => machine.push(machine.takeUint8())],
    ["BININT2", (machine) => machine.push(machine.take(2).getUint16(0, true))],
    ["LONG1", (machine) => machine.push(machine.takeLong())],
    ["BINFLOAT", (machine) => machine.push(machine.take(8).getFloat64(0))],
    ["BINUNICODE", (machine) => machine.push(machine.takeText())],
    ["EMPTY_TUPLE", (machine) => machine.push([])],
    ["EMPTY_LIST", (machine) => machine.push([])],
    ["EMPTY_DICT", (machine) => machine.push(new Map())],
    ["TUPLE", (machine) => machine.push(machine.popToMark())],
    ["TUPLE1", (machine) => machine.push(machine.pop(1))],
    ["TUPLE2", (machine) => machine.push(machine.pop(2))],
    ["TUPLE3", (machine) => machine.push(machine.pop(3))],
    ["APPEND", (machine) => machine.append(machine.pop(1))],
    ["APPENDS", (machine) => machine.append(machine.popToMark())],
    ["SETITEM", (machine) => machine.setItems(machine.pop(2))],
    ["SETITEMS", (machine) => machine.setItems(machine.popToMark())],
    ["BINPUT", (machine) => machine.memoize(machine.takeUint8())],
    ["LONG_BINPUT", (machine) => machine.memoize(machine.takeUint32())],
    ["BINGET", (machine) => machine.push(machine.recall(machine.takeUint8()))],
    [
      "LONG_BINGET",
      (machine) => machine.push(machine.recall(machine.takeUint32())),
    ],
    ["GLOBAL", (machine) => machine.pushGlobal()],
    ["BINPERSID", (machine) => machine.loadPersistent()],
    ["REDUCE", (machine) => machine.call()],
    ["BUILD", (machine) => machine.build()],
  ]);

const MARK = Symbol("MARK");

/**
 * Runs a pickle and returns what it builds: tuples and lists as arrays, dicts
 * as maps with text keys.
 *
 * @throws The host's error if the pickle is malformed or does more.
 */
export function readPickle(
  pickle: Uint8Array<ArrayBuffer>,
  host: PickleHost,
): unknown {
  return new PickleMachine(pickle, host).run();
}

class PickleMachine {
  readonly #pickle: Uint8Array<ArrayBuffer>;
  readonly #host: PickleHost;
  readonly #stack: unknown[] = [];
  readonly #memo = new Map<number, unknown>();
  #position = 0;

  constructor(pickle: Uint8Array<ArrayBuffer>, host: PickleHost) {
    this.#pickle = pickle;
    this.#host = host;
  }

  run(): unknown {
    while (true) {
      const code = this.takeUint8();
      const opcode = OPCODES.get(code) ?? `0x${code.toString(16)}`;
      if (opcode === "STOP") return this.pop(1)[0];
      const operation = OPERATIONS.get(opcode);
      if (operation === undefined) {
        throw this.#host.error(ONLY_TENSORS, `the opcode ${opcode}`);
      }
      operation(this);
    }
  }

  take(size: number): DataView<ArrayBuffer> {
    const { buffer, byteOffset, length } = this.#pickle;
    if (this.#position + size > length) {
      throw this.#host.error("its pickle must be whole", `${length} bytes`);
    }
    const view = new DataView(buffer, byteOffset + this.#position, size);
    this.#position += size;
    return view;
  }

  takeUint8(): number {
    return this.take(1).getUint8(0);
  }

  takeUint32(): number {
    return this.take(4).getUint32(0, true);
  }

  takeText(): string {
    return new TextDecoder().decode(this.take(this.takeUint32()));
  }

  /** A signed integer of as many bytes as the first byte says. */
  takeLong(): number {
    const size = this.takeUint8();
    const view = this.take(size);
    let bits = 0n;
    for (let i = size; i-- > 0;) bits = (bits << 8n) | BigInt(view.getUint8(i));
    const value = BigInt.asIntN(8 * size, bits);
    if (!Number.isSafeInteger(Number(value))) {
      throw this.#host.error("its integers must be below 2^53", value);
    }
    return Number(value);
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  /** The topmost values, lowest first. */
  pop(count: number): unknown[] {
    const values = this.#stack.splice(-count);
    if (values.length < count || values.includes(MARK)) {
      throw this.#malformed("too few values on the stack");
    }
    return values;
  }

  popToMark(): unknown[] {
    const mark = this.#stack.lastIndexOf(MARK);
    if (mark < 0) throw this.#malformed("no mark on the stack");
    return this.#stack.splice(mark).slice(1);
  }

  #top(): unknown {
    const [value] = this.pop(1);
    this.push(value);
    return value;
  }

  append(values: readonly unknown[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#malformed("items of no list");
    for (const value of values) list.push(value);
  }

  /** Adds keys and values, in turn, to the dictionary below them. */
  setItems(items: readonly unknown[]): void {
    const dictionary = this.#top();
    if (!(dictionary instanceof Map)) {
      throw this.#malformed("items of no dictionary");
    }
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== "string") {
        throw this.#host.error("its dictionaries must have text keys", key);
      }
      dictionary.set(key, items[i + 1]);
    }
  }

  memoize(key: number): void {
    this.#memo.set(key, this.#top());
  }

  recall(key: number): unknown {
    if (!this.#memo.has(key)) throw this.#malformed(`no memo ${key}`);
    return this.#memo.get(key);
  }

  pushGlobal(): void {
    const module = this.#takeLine();
    this.push(this.#host.findGlobal(`${module}.${this.#takeLine()}`));
  }

  #takeLine(): string {
    const end = this.#pickle.indexOf(0x0a, this.#position);
    const line = this.take(end < 0 ? Infinity : end - this.#position);
    this.take(1);
    return new TextDecoder().decode(line);
  }

  loadPersistent(): void {
    this.push(this.#host.load(this.pop(1)[0]));
  }

  call(): void {
    const [callee, args] = this.pop(2);
    if (!Array.isArray(args)) throw this.#malformed("a call without a tuple");
    this.push(this.#host.call(callee, args));
  }

  build(): void {
    const [state] = this.pop(1);
    this.#host.build(this.#top(), state);
  }

  #malformed(value: string): Error {
    return this.#host.error(
      "its pickle must be well formed",
      `${value} at byte ${this.#position}`,
    );
  }
}

/** Writes a pickle of protocol 2. */
export function writePickle(tree: PickleTree): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  const put = (opcode: string, operand: Iterable<number> = []) =>
    bytes.push(OPCODE_BYTES.get(opcode)!, ...operand);

  function write(tree: PickleTree): void {
    if (typeof tree === "number") {
      put("BININT", int32Bytes(tree));
    } else if (typeof tree === "boolean") {
      put(tree ? "NEWTRUE" : "NEWFALSE");
    } else if (typeof tree === "string") {
      const text = new TextEncoder().encode(tree);
      put("BINUNICODE", [...int32Bytes(text.length), ...text]);
    } else if (tree instanceof Global) {
      const [, module, name] = /^(.*)\.(.*)$/.exec(tree.name)!;
      put("GLOBAL", new TextEncoder().encode(`${module}\n${name}\n`));
    } else if (tree instanceof Call) {
      write(tree.callee);
      write(tree.args);
      put("REDUCE");
    } else if (tree instanceof PersistentId) {
      write(tree.id);
      put("BINPERSID");
    } else if (tree instanceof Map) {
      put("EMPTY_DICT");
      put("MARK");
      for (const pair of tree) pair.forEach(write);
      put("SETITEMS");
    } else {
      put("MARK");
      (tree as readonly PickleTree[]).forEach(write);
      put("TUPLE");
    }
  }

  put("PROTO", [2]);
  write(tree);
  put("STOP");
  return Uint8Array.from(bytes);
}

function int32Bytes(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer);
}
