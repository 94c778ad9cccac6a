/**
 * Between the value a store hands out, the content of a row, and the bytes of an engine row.
 *
 * | shape | handed out | engine row |
 * |---|---|---|
 * | plain | `V` | `value` |
 * | timestamped | `{ value, timestampMs }` | `timestamp 8 ‖ value` |
 * | headers | `{ value, timestampMs, headers }` | `varint n ‖ headers (n bytes) ‖ timestamp 8 ‖ value` |
 *
 * A decoded value is kept, and handed out again, only if nobody can change it: a primitive, or a value whose serde says
 * `retainable`. Anything else is decoded for every reader, as in Kafka, so that changing what was read never changes the
 * store.
 */
import { ConfigError } from '../errors.ts'
import type { Headers } from '../record/headers.ts'
import { noHeaders } from '../record/headers.ts'
import { decodeValueTimestampHeaders, encodeValueTimestampHeaders } from '../serde/envelope/headers.ts'
import type { Serde } from '../serde/serde.ts'
import { kept, slabPiece } from '../serde/slab.ts'
import type { StoreDefinition } from './definition.ts'
import { readInt64, writeInt64 } from './int64.ts'
import type { PackedRows } from './packed-rows.ts'
import type { Content } from './row.ts'
import type { ValueTimestampHeaders } from './store.ts'
import { undefinedPut } from './undefined-put.ts'

export type ValueShape = 'plain' | 'timestamped' | 'headers'

export class ValueCodec<V> {
  readonly shape: ValueShape
  /** The store below keeps no timestamps (a user's plain store under a table): they are written as −1. */
  readonly dropsTimestamps: boolean
  /** Bytes of the time at the head of an engine row: 8, or 0 where there is none or headers come first. */
  readonly timeBytes: number
  private readonly isPlain: boolean
  private readonly hasHeaders: boolean
  /** Values may be kept and encoded late: the serde allows it. */
  private readonly retains: boolean
  private readonly serde: Serde<unknown>
  private readonly topic: string
  private readonly store: string

  constructor(definition: StoreDefinition<never, V>, shape: ValueShape, topic: string) {
    this.serde = presentSerde(definition.value, definition.name, 'value') as Serde<unknown>
    this.shape = shape
    this.isPlain = shape === 'plain'
    this.hasHeaders = shape === 'headers'
    this.retains = this.serde.retainable === true
    this.dropsTimestamps = definition.withoutTimestamps === true
    this.timeBytes = shape === 'timestamped' && !this.dropsTimestamps ? 8 : 0
    this.topic = topic
    this.store = definition.name
  }

  /** The value as it is handed out; null when absent. Keeps it with the content if that is safe. */
  read(content: Content): V | null {
    let value = content.value
    if (value === null) {
      const bytes = content.bytes
      if (bytes === null) return null
      value = this.decode(bytes, content.headers)
      if (typeof value !== 'object') {
        content.value = value
        content.bytes = null
      } else if (this.retains) content.value = value
    }
    return this.handedOut(value, content)
  }

  /** As `read`, but nobody else's object: what the value was before it was changed. */
  readOld(content: Content): V | null {
    const { bytes, value } = content
    if (bytes === null) return value === null ? null : this.handedOut(value, content)
    return this.handedOut(this.decode(bytes, content.headers), content)
  }

  /** Sets the content to a new value. Fails before anything has changed. @returns its bytes if they were made */
  assign(content: Content, value: V | null): Uint8Array | null {
    const inner = value === null || value === undefined ? value : this.isPlain ? value : bare(value)
    if (inner === undefined) throw undefinedPut(this.store)
    if (inner === null) {
      content.bytes = null
      content.value = null
      return null
    }
    const headers = this.hasHeaders ? ((value as ValueTimestampHeaders<V>).headers ?? noHeaders) : noHeaders
    const isSafe = this.retains || this.serde.accepts?.(inner) === true
    const bytes = isSafe ? null : this.serde.serialize(inner, this.topic, headers)
    if (this.retains || typeof inner !== 'object') {
      content.value = inner
      content.bytes = null
    } else {
      content.value = null
      content.bytes = kept(bytes ?? this.serde.serialize(inner, this.topic, headers))
    }
    content.headers = headers
    if (!this.isPlain) content.timestampMs = (value as ValueTimestampHeaders<V>).timestampMs
    return bytes
  }

  /** Bytes of the bare value; null when absent. Those of a primitive are made each time and not kept. */
  encoded(content: Content): Uint8Array | null {
    if (content.bytes !== null) return content.bytes
    const value = content.value
    if (value === null) return null
    const bytes = this.serde.serialize(value, this.topic, content.headers)
    if (typeof value === 'object') content.bytes = kept(bytes)
    return bytes
  }

  /** What the engine keeps of this content, perhaps in shared memory; null when absent. */
  toEngine(content: Content): Uint8Array | null {
    const value = this.encoded(content)
    if (value === null || this.isPlain || this.dropsTimestamps) return value
    if (this.hasHeaders) {
      return encodeValueTimestampHeaders({ value, timestampMs: content.timestampMs, headers: content.headers })
    }
    const row = slabPiece(8 + value.length)
    writeInt64(row, 0, content.timestampMs)
    row.set(value, 8)
    return row
  }

  /** Sets the content from an engine row; undefined = absent. Short values are copied out of native memory. */
  fromEngine(content: Content, row: Uint8Array | undefined): void {
    content.value = null
    if (row === undefined) {
      content.bytes = null
    } else if (this.isPlain || this.dropsTimestamps) {
      content.bytes = own(row, 0)
      content.timestampMs = -1
    } else if (this.hasHeaders) {
      const stored = decodeValueTimestampHeaders(row)
      content.bytes = stored.value
      content.timestampMs = stored.timestampMs
      content.headers = stored.headers
    } else {
      content.timestampMs = readInt64(row, 0)
      content.bytes = own(row, 8)
    }
  }

  /** As `fromEngine`, of a row that is kept packed. */
  fromPacked(content: Content, packed: PackedRows, place: number): void {
    const { timeBytes } = this
    if (packed.valueLength(place) < 0) this.fromEngine(content, undefined)
    else if (this.hasHeaders) this.fromEngine(content, packed.value(place))
    else {
      content.value = null
      content.timestampMs = timeBytes === 0 ? -1 : readInt64(packed.bytesAt(place), packed.valueStart(place))
      content.bytes = packed.value(place, timeBytes)
    }
  }

  /** Sets the content from a record of the changelog. */
  fromChangelog(content: Content, value: Uint8Array | null, timestampMs: number, headers: Headers): void {
    content.bytes = value
    content.value = null
    content.timestampMs = this.dropsTimestamps ? -1 : timestampMs
    content.headers = this.hasHeaders ? headers : noHeaders
  }

  /** Bytes of a bare value, to be kept. */
  serialize(value: unknown): Uint8Array {
    return kept(this.serde.serialize(value, this.topic))
  }

  /** A value of its own: a serde that hands out the bytes it was given would hand out the store's. */
  private decode(bytes: Uint8Array, headers: Headers): unknown {
    const value = this.serde.deserialize(bytes, this.topic, headers)
    return value === bytes ? bytes.slice() : value
  }

  private handedOut(value: unknown, content: Content): V {
    if (this.isPlain) return value as V
    if (this.hasHeaders) return { value, timestampMs: content.timestampMs, headers: content.headers } as V
    return { value, timestampMs: content.timestampMs } as V
  }
}

const shortBytes = 64

/** The bytes from here on; few of them as an array on V8's heap, so that the buffer around them can go. */
function own(row: Uint8Array, from: number): Uint8Array {
  const length = row.length - from
  if (length > shortBytes) return row.subarray(from)
  const copy = new Uint8Array(length)
  for (let i = 0; i < length; i++) copy[i] = row[from + i] as number
  return copy
}

/** The serde, or an error that says which one is missing. */
export function presentSerde<T>(serde: Serde<T> | null, store: string, part: string): Serde<T> {
  if (serde === null || serde === undefined) throw new ConfigError('MR_STORE_SERDE', { store, part })
  return serde
}

function bare(value: unknown): unknown {
  return (value as { readonly value: unknown }).value
}
