/**
 * Range reads of a key-value store: the engine's rows merged with the rows it does not hold yet. Pinned rows win, their
 * deletions hide. What is pinned is copied when the iterator is made, so a processor may put and delete while it iterates.
 */
import type { EngineEntry } from '../port/store-engine.ts'
import { afterPrefix, latin1 } from './key-bytes.ts'
import type { KeyValueRows } from './key-value-rows.ts'
import { absent } from './row.ts'
import type { KeyValue } from './store.ts'

/** Bounds as key bytes: `from` inclusive, `to` exclusive; absent = no bound. */
export interface KeyBounds {
  readonly from?: Uint8Array | undefined
  readonly to?: Uint8Array | undefined
  readonly reverse?: boolean
}

interface Pinned<V> {
  readonly key: string
  readonly value: V | null
}

/** Iterates over live rows in key order. */
export function iterateRows<K, V>(rows: KeyValueRows<K, V>, bounds: KeyBounds): Iterable<KeyValue<K, V>> {
  return merged(rows, bounds, pinnedRows(rows, bounds))
}

function* merged<K, V>(
  rows: KeyValueRows<K, V>,
  bounds: KeyBounds,
  pinned: readonly Pinned<V>[],
): Generator<KeyValue<K, V>> {
  const sign = bounds.reverse === true ? -1 : 1
  let at = 0
  for (const entry of rows.engineRange(engineBounds(rows.prefix, bounds))) {
    const key = latin1(entry.key, rows.prefix.length)
    while (at < pinned.length && order((pinned[at] as Pinned<V>).key, key) * sign < 0) {
      const row = pinned[at++] as Pinned<V>
      if (row.value !== null) yield { key: rows.keyOf(row.key), value: row.value }
    }
    if (pinned[at]?.key === key) {
      const row = pinned[at++] as Pinned<V>
      if (row.value !== null) yield { key: rows.keyOf(row.key), value: row.value }
      continue
    }
    yield { key: rows.keyOf(key), value: decoded(rows, entry) }
  }
  for (; at < pinned.length; at++) {
    const row = pinned[at] as Pinned<V>
    if (row.value !== null) yield { key: rows.keyOf(row.key), value: row.value }
  }
}

/** Bounds of the user's range: both inclusive, null = none. Null when nothing can lie between them. */
export function boundsBetween<K, V>(rows: KeyValueRows<K, V>, from: K | null, to: K | null): KeyBounds | null {
  const low = from === null ? undefined : rows.keyBytes(from)
  const high = to === null ? undefined : rows.keyBytes(to)
  if (low !== undefined && high !== undefined && latin1(low) > latin1(high)) return null
  return { from: low, to: high === undefined ? undefined : withZero(high) }
}

export function boundsOfPrefix(prefix: Uint8Array): KeyBounds {
  return { from: prefix, to: afterPrefix(prefix) }
}

function pinnedRows<K, V>(rows: KeyValueRows<K, V>, bounds: KeyBounds): Pinned<V>[] {
  const found = rows.overlay(bounds.from && latin1(bounds.from), bounds.to && latin1(bounds.to))
  const pinned = found.map((row) => ({ key: row.key, value: rows.codec.read(row) }))
  return bounds.reverse === true ? pinned.reverse() : pinned
}

function engineBounds(prefix: Uint8Array, bounds: KeyBounds): { gte: Uint8Array; lt: Uint8Array; reverse: boolean } {
  const lt = bounds.to === undefined ? (afterPrefix(prefix) as Uint8Array) : joined(prefix, bounds.to)
  const gte = bounds.from === undefined ? prefix : joined(prefix, bounds.from)
  return { gte, lt, reverse: bounds.reverse === true }
}

function decoded<K, V>(rows: KeyValueRows<K, V>, entry: EngineEntry): V {
  const content = absent()
  rows.codec.fromEngine(content, entry.value)
  return rows.codec.read(content) as V
}

function order(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}

function withZero(bytes: Uint8Array): Uint8Array {
  const longer = new Uint8Array(bytes.length + 1)
  longer.set(bytes)
  return longer
}

function joined(prefix: Uint8Array, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(prefix.length + key.length)
  bytes.set(prefix)
  bytes.set(key, prefix.length)
  return bytes
}
