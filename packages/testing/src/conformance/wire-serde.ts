/**
 * Wire vectors of serdes and envelopes: one table from the vectors' names to ours.
 *
 * Each entry writes a vector's input and reads bytes back into the input's form. What the bytes do not tell (a window's
 * end, whether a change is the latest) the reader takes from the input; a vector whose name is not here fails.
 */
import {
  bigint64,
  boolean,
  bytes,
  double,
  float,
  int16,
  int32,
  list,
  nullable,
  type Serde,
  sessionWindowed,
  string,
  timeWindowed,
  uuid,
} from '@millrace/core'
import { envelopes } from './wire-envelope.ts'
import { members } from './wire-member.ts'
import {
  byteDifference,
  bytesOf,
  difference,
  hexOf,
  type Json,
  type JsonObject,
  objectAt,
  textAt,
} from './wire-case.ts'

/** How one name in the vectors is written and read. */
export interface WireCodec {
  write(input: JsonObject): Uint8Array
  /** The input again, from its bytes. */
  read(bytes: Uint8Array, input: JsonObject): JsonObject
}

/** `{serde, input, hex}` */
export function checkSerde(vector: JsonObject): string | null {
  const name = textAt(vector, 'serde')
  const codec = codecs.get(name)
  if (codec === undefined) return `serde "${name}" is not supported`
  const input = objectAt(vector, 'input')
  const found = byteDifference(vector['hex'], codec.write(input))
  if (found !== null) return found
  const read = difference(input, codec.read(bytesOf(vector['hex']), input))
  return read === null ? null : `decoded ${read}`
}

const codecs: ReadonlyMap<string, WireCodec> = new Map(
  Object.entries({
    Long: plain(bigint64(), (json) => BigInt(json as string), String),
    Integer: plain(int32(), Number, Number),
    Short: plain(int16(), Number, Number),
    Double: plain(double(), Number, javaDouble),
    Float: float32(),
    String: plain(string(), String, String),
    UUID: plain(uuid(), String, String),
    ByteArray: plain(bytes(), bytesOf, hexOf),
    Boolean: plain(boolean(), Boolean, Boolean),
    'List<Long>': listOf(bigint64(), (json) => BigInt(json as string), String),
    'List<String>': listOf(string(), String, String),
    TimeWindowed: windowed((sizeMs) => timeWindowed(bytes(), sizeMs)),
    SessionWindowed: windowed(() => sessionWindowed(bytes())),
    ...envelopes,
    ...members,
  }),
)

function plain<T>(serde: Serde<T>, from: (json: Json) => T, to: (value: T) => Json): WireCodec {
  return {
    write: (input) => serde.serialize(from(input['value']!)),
    read: (encoded, input) => same(input, to(serde.deserialize(encoded)), (json) => to(from(json))),
  }
}

/** Floats are written in Java's text; the value itself is compared, rounded to 32 bits. */
function float32(): WireCodec {
  return plain(float(), (json) => Math.fround(Number(json)), javaDouble)
}

function listOf<T>(inner: Serde<T>, from: (json: Json) => T, to: (value: T) => Json): WireCodec {
  const serde = list(nullable(inner))
  return plain(
    serde,
    (json) => (json as readonly Json[]).map((element) => (element === null ? null : from(element))),
    (value) => value.map((element) => (element === null ? null : to(element))),
  )
}

type WindowedBytes = ReturnType<typeof sessionWindowed<Uint8Array>>

function windowed(serdeOf: (sizeMs: number) => WindowedBytes): WireCodec {
  const sizeOf = (input: JsonObject): number => Number(input['end']) - Number(input['start'])
  return {
    write: (input) => {
      const window = { startMs: Number(input['start']), endMs: Number(input['end']) }
      return serdeOf(sizeOf(input)).serialize({ key: bytesOf(input['key']), window })
    },
    read: (encoded, input) => {
      const { key, window } = serdeOf(sizeOf(input)).deserialize(encoded)
      return { key: hexOf(key), start: String(window.startMs), end: String(window.endMs) }
    },
  }
}

/** The input when the decoded value means the same (`1.0E10` and `10000000000` do), else the decoded value. */
function same(input: JsonObject, value: Json, normal: (json: Json) => Json): JsonObject {
  return difference(normal(input['value']!), value) === null ? input : { value }
}

function javaDouble(value: number): Json {
  return Object.is(value, -0) ? '-0' : String(value)
}
