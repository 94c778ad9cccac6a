/**
 * Between the value a store hands out, the content of a row, and the bytes of an engine row.
 *
 * | shape | handed out | engine row |
 * |---|---|---|
 * | plain | `V` | `value` |
 * | timestamped | `{ value, timestampMs }` | `timestamp 8 ‖ value` |
 * | headers | `{ value, timestampMs, headers }` | `varint n ‖ headers (n bytes) ‖ timestamp 8 ‖ value` |
 *
 * A decoded value is kept on its row, and handed out again, only if nobody can change it: a primitive, or a value whose
 * serde says `retainable`. Anything else is decoded for every reader, as in Kafka, so that changing what was read never
 * changes the store.
 */
import { ConfigError } from '../errors.ts'
import type { Headers } from '../record/headers.ts'
import { noHeaders } from '../record/headers.ts'
import { decodeValueTimestampHeaders, encodeValueTimestampHeaders } from '../serde/envelope/headers.ts'
import type { Serde } from '../serde/serde.ts'
import type { StoreDefinition } from './definition.ts'
import { readInt64, writeInt64 } from './int64.ts'
import { type Content, decodedFlag, type Row, unencodedFlag } from './row.ts'
import type { ValueTimestampHeaders } from './store.ts'

export type ValueShape = 'plain' | 'timestamped' | 'headers'

export class ValueCodec<V> {
  readonly shape: ValueShape
  /** Values may be kept and encoded late: the serde allows it. */
  readonly retains: boolean
  /** The store below keeps no timestamps (a user's plain store under a table): they are written as −1. */
  readonly dropsTimestamps: boolean
  private readonly serde: Serde<unknown>
  private readonly topic: string

  constructor(definition: StoreDefinition<never, V>, shape: ValueShape, topic: string) {
    this.serde = presentSerde(definition.value, definition.name, 'value') as Serde<unknown>
    this.shape = shape
    this.retains = this.serde.retainable === true
    this.dropsTimestamps = definition.withoutTimestamps === true
    this.topic = topic
  }

  /** The value of a row as it is handed out; null when absent. Keeps it on the row if that is safe. */
  read(row: Row): V | null {
    if ((row.flags & decodedFlag) !== 0) return row.value as V
    const value = this.decode(row)
    if (value === null || this.retains || isPrimitive(this.shape === 'plain' ? value : bare(value))) {
      row.value = value
      row.flags |= decodedFlag
    }
    return value
  }

  /** Decodes afresh, so that the result is nobody else's. */
  decode(content: Content): V | null {
    const bytes = content.bytes
    if (bytes === null) return null
    const value = this.serde.deserialize(bytes, this.topic, content.headers)
    if (this.shape === 'plain') return value as V
    if (this.shape === 'timestamped') return { value, timestampMs: content.timestampMs } as V
    return { value, timestampMs: content.timestampMs, headers: content.headers } as V
  }

  /** Sets a row's content to a new value. Fails before anything has changed. */
  assign(row: Row, value: V | null): void {
    const shape = this.shape
    const inner = value === null || value === undefined ? null : shape === 'plain' ? value : bare(value)
    if (inner === null || inner === undefined) {
      row.bytes = null
      row.value = null
      row.flags = (row.flags | decodedFlag) & ~unencodedFlag
      return
    }
    const headers = shape === 'headers' ? ((value as ValueTimestampHeaders<V>).headers ?? noHeaders) : noHeaders
    const isKept = this.retains || isPrimitive(inner)
    if (this.retains) {
      row.flags |= unencodedFlag
    } else {
      row.bytes = this.serde.serialize(inner, this.topic, headers)
      row.flags &= ~unencodedFlag
    }
    row.headers = headers
    if (shape !== 'plain') row.timestampMs = (value as ValueTimestampHeaders<V>).timestampMs
    row.value = isKept ? this.complete(value as V, headers) : null
    row.flags = isKept ? row.flags | decodedFlag : row.flags & ~decodedFlag
  }

  /** The DSL puts values without headers, whatever the store can hold; they are handed out with empty ones. */
  private complete(value: V, headers: Headers): unknown {
    if (this.shape !== 'headers') return value
    const stored = value as ValueTimestampHeaders<V>
    return stored.headers === undefined ? { value: stored.value, timestampMs: stored.timestampMs, headers } : value
  }

  /** Makes `bytes` those of the value. */
  encode(row: Row): void {
    if ((row.flags & unencodedFlag) === 0) return
    const value = row.value as V
    const inner = this.shape === 'plain' ? value : bare(value)
    row.bytes = this.serde.serialize(inner, this.topic, row.headers)
    row.flags &= ~unencodedFlag
  }

  /** What the engine keeps of this content; `bytes` must not be null. */
  toEngine(content: Content): Uint8Array {
    const value = content.bytes as Uint8Array
    if (this.shape === 'plain' || this.dropsTimestamps) return value
    if (this.shape === 'headers') {
      return encodeValueTimestampHeaders({ value, timestampMs: content.timestampMs, headers: content.headers })
    }
    const row = new Uint8Array(8 + value.length)
    writeInt64(row, 0, content.timestampMs)
    row.set(value, 8)
    return row
  }

  /** Sets a row's content from an engine row; undefined = absent. */
  fromEngine(content: Content, row: Uint8Array | undefined): void {
    if (row === undefined) {
      content.bytes = null
      return
    }
    if (this.shape === 'plain' || this.dropsTimestamps) {
      content.bytes = row
      content.timestampMs = -1
      return
    }
    if (this.shape === 'headers') {
      const stored = decodeValueTimestampHeaders(row)
      content.bytes = stored.value
      content.timestampMs = stored.timestampMs
      content.headers = stored.headers
      return
    }
    content.timestampMs = readInt64(row, 0)
    content.bytes = row.subarray(8)
  }

  /** Sets a row's content from a record of the changelog. */
  fromChangelog(row: Row, value: Uint8Array | null, timestampMs: number, headers: Headers): void {
    row.bytes = value
    row.timestampMs = this.dropsTimestamps ? -1 : timestampMs
    row.headers = this.shape === 'headers' ? headers : noHeaders
    row.value = null
    row.flags &= ~(decodedFlag | unencodedFlag)
  }

  /** Bytes of a bare value. */
  serialize(value: unknown): Uint8Array {
    return this.serde.serialize(value, this.topic)
  }
}

/** The serde, or an error that says which one is missing. */
export function presentSerde<T>(serde: Serde<T> | null, store: string, part: string): Serde<T> {
  if (serde === null || serde === undefined) throw new ConfigError('MR_STORE_SERDE', { store, part })
  return serde
}

function bare(value: unknown): unknown {
  return (value as { readonly value: unknown }).value
}

function isPrimitive(value: unknown): boolean {
  return typeof value !== 'object'
}
