/** Reads TensorBoard's event files: records of TFRecord, each a protobuf. */

/** A number of an event file. */
export interface Scalar {
  readonly step: number;
  readonly name: string;
  readonly value: number;
}

/** Fields of the messages Event, Summary and Summary.Value. */
const EVENT = { step: 2, summary: 5 };
const SUMMARY = { value: 1 };
const VALUE = { tag: 1, simpleValue: 2 };

/**
 * The numbers of the event files in a folder, in the order of the files: their
 * names hold the second and the number of the writer in its process.
 */
export function readScalars(folder: string): Scalar[] {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  return names.filter((name) => name.startsWith("events.out.tfevents"))
    .sort(new Intl.Collator("en", { numeric: true }).compare).flatMap((name) =>
      records(Deno.readFileSync(`${folder}/${name}`)).flatMap(scalars)
    );
}

/** A record is its length (8 bytes), a checksum (4), its bytes and another. */
function records(file: Uint8Array): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (let start = 0; start < file.length;) {
    const view = new DataView(file.buffer, file.byteOffset + start);
    const length = Number(view.getBigUint64(0, true));
    found.push(file.subarray(start + 12, start + 12 + length));
    start += 16 + length;
  }
  return found;
}

function scalars(event: Uint8Array): Scalar[] {
  const fields = parse(event);
  const step = fields.find(([field]) => field === EVENT.step)?.[1] ?? 0;
  return inner(fields, EVENT.summary)
    .flatMap((summary) => inner(parse(summary), SUMMARY.value))
    .map((value) => {
      const fields = parse(value);
      const [tag, number] = [VALUE.tag, VALUE.simpleValue]
        .map((field) => inner(fields, field)[0]);
      return {
        step: Number(step),
        name: new TextDecoder().decode(tag),
        value: new DataView(number.buffer, number.byteOffset).getFloat32(
          0,
          true,
        ),
      };
    });
}

type Field = readonly [number: number, value: number | Uint8Array];

const inner = (fields: readonly Field[], number: number): Uint8Array[] =>
  fields.flatMap(([field, value]) =>
    field === number && typeof value !== "number" ? [value] : []
  );

/** The fields of a protobuf message; fixed ones as bytes. */
function parse(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  let place = 0;
  const varint = (): number => {
    for (let value = 0, scale = 1;; scale *= 128) {
      const byte = message[place++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array =>
    message.subarray(place, place += length);
  while (place < message.length) {
    const key = varint();
    const value = [
      () => varint(),
      () => take(8),
      () => take(varint()),
      undefined,
      undefined,
      () => take(4),
    ][key % 8]!();
    fields.push([Math.floor(key / 8), value]);
  }
  return fields;
}
