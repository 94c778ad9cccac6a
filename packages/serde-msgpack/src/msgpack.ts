/**
 * The serde of internal topics that inherit none: msgpack, which keeps more of JavaScript's values than JSON does (dates,
 * bytes, maps, bigints) and is smaller.
 *
 * As a key it is canonical: equal values have equal bytes, whatever the order in which their properties were set. Joins and
 * grouping compare bytes. Records are self-contained (`useRecords: false`): nothing is shared between messages.
 */
import { RecordError, type Serde } from '@millrace/core'
import { Packr } from 'msgpackr'

const packr = new Packr({ useRecords: false, moreTypes: true })

/** Values as they are, keys canonical. */
export function msgpack<T = unknown>(): Serde<T> {
  return serde<T>(false)
}

function serde<T>(canonical: boolean): Serde<T> {
  return {
    name: 'msgpack',
    forKeys: () => serde<T>(true),
    serialize: (value) => packed(canonical ? canonicalForm(value) : value),
    deserialize: (bytes) => unpacked(bytes) as T,
  }
}

/** A copy: msgpackr hands out a view on a buffer that it goes on filling. */
function packed(value: unknown): Uint8Array {
  try {
    return new Uint8Array(packr.pack(value))
  } catch (cause) {
    throw new RecordError('MR_SERDE_FORMAT', { serde: 'msgpack', reason: reasonOf(cause) }, { cause })
  }
}

function unpacked(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes)
  } catch (cause) {
    throw new RecordError('MR_SERDE_FORMAT', { serde: 'msgpack', reason: reasonOf(cause) }, { cause })
  }
}

/** The same value with properties and map entries in the order of their names, without absent ones, −0 as 0. */
function canonicalForm(value: unknown): unknown {
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(canonicalForm)
  if (value instanceof Map) {
    const entries = Array.from(value, ([key, each]) => [canonicalForm(key), canonicalForm(each)] as const)
    return new Map(entries.toSorted(([a], [b]) => compareBytes(packed(a), packed(b))))
  }
  if (value instanceof Set) {
    return new Set([...value].map(canonicalForm).toSorted((a, b) => compareBytes(packed(a), packed(b))))
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return value
  const form: Record<string, unknown> = {}
  for (const name of Object.keys(value).toSorted()) {
    const each = (value as Record<string, unknown>)[name]
    if (each !== undefined) form[name] = canonicalForm(each)
  }
  return form
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
