/** Codecs of Kafka's scalar field types, in the classic form (int16 and int32 lengths) and the compact one (KIP-482). */
import type { ByteReader } from './byte-reader.ts'
import { type ByteWriter, uuidBytes } from './byte-writer.ts'

/** Writes and reads one value of one type in one version. */
export interface Codec {
  write(writer: ByteWriter, value: unknown): void
  read(reader: ByteReader): unknown
  /** The default: what a missing field holds. A new object at every call if it is one. */
  initial(): unknown
  /** True when the value is the default: a tagged field is then not written. */
  isInitial(value: unknown): boolean
}

const noBytes = new Uint8Array(0)
const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Codec of a scalar. `initial` undefined: the zero of the type. */
export function scalarCodec(type: string, flexible: boolean, nullable: boolean, initial: unknown): Codec {
  switch (type) {
    case 'string':
      return flexible ? compactString(nullable, initial) : classicString(nullable, initial)
    case 'bytes':
      return bytesCodec(flexible, nullable, initial)
    case 'records':
      return bytesCodec(flexible, nullable, null)
    case 'bool':
      return fixed(
        initial ?? false,
        (w, v) => w.int8(v === true ? 1 : 0),
        (r) => r.int8() !== 0,
      )
    case 'int8':
      return fixed(
        initial ?? 0,
        (w, v) => w.int8(v as number),
        (r) => r.int8(),
      )
    case 'int16':
      return fixed(
        initial ?? 0,
        (w, v) => w.int16(v as number),
        (r) => r.int16(),
      )
    case 'uint16':
      return fixed(
        initial ?? 0,
        (w, v) => w.uint16(v as number),
        (r) => r.uint16(),
      )
    case 'int32':
      return fixed(
        initial ?? 0,
        (w, v) => w.int32(v as number),
        (r) => r.int32(),
      )
    case 'uint32':
      return fixed(
        initial ?? 0,
        (w, v) => w.uint32(v as number),
        (r) => r.uint32(),
      )
    case 'int64':
      return fixed(
        initial ?? 0n,
        (w, v) => w.int64(v as bigint),
        (r) => r.int64(),
      )
    case 'float64':
      return fixed(
        initial ?? 0,
        (w, v) => w.float64(v as number),
        (r) => r.float64(),
      )
    case 'uuid':
      return fixed(
        zeroUuid,
        (w, v) => w.raw(uuidBytes(v as string)),
        (r) => r.uuid(),
      )
    default:
      throw new TypeError(`unknown field type "${type}"`)
  }
}

function fixed(initial: unknown, write: Codec['write'], read: Codec['read']): Codec {
  const checked: Codec['write'] = (writer, value) => {
    if (typeof value !== typeof initial) throw new TypeError(`${typeof initial} wanted, got ${describe(value)}`)
    write(writer, value)
  }
  return { write: checked, read, initial: () => initial, isInitial: (value) => value === initial }
}

/** What a value is, without telling it: it may be private. */
function describe(value: unknown): string {
  return value === null ? 'null' : `a value of type ${typeof value}`
}

function classicString(nullable: boolean, initial: unknown = ''): Codec {
  return {
    write: (writer, value) => {
      if (typeof value === 'string') writer.string16(value)
      else if (isNull(value, nullable, 'string')) writer.int16(-1)
    },
    read: (reader) => {
      const size = reader.int16()
      return size >= 0 ? reader.text(size) : allowedNull(nullable, 'string')
    },
    initial: () => initial,
    isInitial: (value) => value === initial,
  }
}

function compactString(nullable: boolean, initial: unknown = ''): Codec {
  return {
    write: (writer, value) => {
      if (typeof value === 'string') writer.compactString(value)
      else if (isNull(value, nullable, 'string')) writer.int8(0)
    },
    read: (reader) => {
      const size = reader.uvarint() - 1
      return size >= 0 ? reader.text(size) : allowedNull(nullable, 'string')
    },
    initial: () => initial,
    isInitial: (value) => value === initial,
  }
}

function bytesCodec(flexible: boolean, nullable: boolean, initial: unknown = noBytes): Codec {
  return {
    write: (writer, value) => {
      if (value instanceof Uint8Array) {
        if (flexible) writer.uvarint(value.length + 1)
        else writer.int32(value.length)
        writer.raw(value)
      } else if (isNull(value, nullable, 'Uint8Array')) {
        if (flexible) writer.int8(0)
        else writer.int32(-1)
      }
    },
    read: (reader) => {
      const size = flexible ? reader.uvarint() - 1 : reader.int32()
      return size >= 0 ? reader.raw(size) : allowedNull(nullable, 'bytes')
    },
    initial: () => initial,
    isInitial: (value) => (initial === null ? value === null : value instanceof Uint8Array && value.length === 0),
  }
}

/** True for a null where one is allowed; refuses all else. */
function isNull(value: unknown, nullable: boolean, wanted: string): boolean {
  if (value === null && nullable) return true
  throw new TypeError(`${wanted} wanted, got ${describe(value)}`)
}

function allowedNull(nullable: boolean, type: string): null {
  if (nullable) return null
  throw new RangeError(`null ${type} where none is allowed`)
}
