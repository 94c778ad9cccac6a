/** Key-value stores: the typed view that processors see, and the store as its task sees it. */
import { StreamsError, TopologyError } from '../errors.ts'
import type { StoreDefinition } from './definition.ts'
import type { LiveStore, StoreHost } from './host.ts'
import { boundsBetween, boundsOfPrefix, iterateRows, type KeyBounds } from './key-value-range.ts'
import { IndexedRows } from './indexed-rows.ts'
import { KeyValueRows } from './key-value-rows.ts'
import { LiveRows } from './live-rows.ts'
import { LruRows } from './lru-rows.ts'
import { MemoryRows } from './memory-rows.ts'
import type { KeyValue, KeyValueStore } from './store.ts'
import { UncachedRows } from './uncached-rows.ts'
import type { ValueShape } from './value-codec.ts'
import { undefinedPut } from './undefined-put.ts'

/** Opens a plain, timestamped, headers, LRU or subscription store. */
export function openKeyValueStore<K, V>(
  definition: StoreDefinition<K, V>,
  host: StoreHost,
): LiveStore<KeyValueStore<K, V>> {
  const shape = shapes[definition.kind]
  if (shape === undefined) {
    throw new TopologyError('MR_STORE_DEFINITION', { store: definition.name, reason: `kind ${definition.kind}` })
  }
  const rows = rowsOf(definition, host, shape)
  return new LiveRows(rows, new KeyValueView(rows))
}

function rowsOf<K, V>(definition: StoreDefinition<K, V>, host: StoreHost, shape: ValueShape): KeyValueRows<K, V> {
  if (definition.entriesMax !== undefined) return new LruRows(definition, host, shape, definition.entriesMax)
  if (definition.type === 'memory') return new MemoryRows(definition, host, shape)
  if (definition.kind === 'subscription') return new IndexedRows(definition, host, shape)
  if (definition.caching && host.cacheBytesMax > 0) return new KeyValueRows(definition, host, shape)
  return new UncachedRows(definition, host, shape)
}

const shapes: Partial<Record<StoreDefinition['kind'], ValueShape>> = {
  'key-value': 'plain',
  lru: 'plain',
  'timestamped-key-value': 'timestamped',
  subscription: 'timestamped',
  'headers-key-value': 'headers',
}

class KeyValueView<K, V> implements KeyValueStore<K, V> {
  readonly name: string
  readonly persistent: boolean
  isOpen = true
  private readonly rows: KeyValueRows<K, V>

  constructor(rows: KeyValueRows<K, V>) {
    this.name = rows.definition.name
    this.persistent = rows.definition.type === 'disk' && rows.definition.entriesMax === undefined
    this.rows = rows
  }

  get(key: K): V | null {
    if (!this.isOpen) this.refuse()
    const { rows } = this
    return rows.read(rows.find(key))
  }

  put(key: K, value: V | null): void {
    if (!this.isOpen) this.refuse()
    if (value === undefined) throw undefinedPut(this.name, key)
    this.rows.put(key, this.rows.findToWrite(key), value)
  }

  putIfAbsent(key: K, value: V): V | null {
    if (!this.isOpen) this.refuse()
    if (value === undefined) throw undefinedPut(this.name, key)
    const row = this.rows.find(key)
    const old = this.rows.read(row)
    if (old === null) this.rows.put(key, row, value)
    return old
  }

  putAll(entries: Iterable<readonly [K, V | null]>): void {
    if (!this.isOpen) this.refuse()
    this.rows.putAll(entries)
  }

  delete(key: K): V | null {
    if (!this.isOpen) this.refuse()
    const row = this.rows.find(key)
    const old = this.rows.read(row)
    this.rows.put(key, row, null)
    return old
  }

  range(from: K | null, to: K | null): Iterable<KeyValue<K, V>> {
    return this.between(from, to, false)
  }

  reverseRange(from: K | null, to: K | null): Iterable<KeyValue<K, V>> {
    return this.between(from, to, true)
  }

  all(): Iterable<KeyValue<K, V>> {
    return this.iterate({})
  }

  reverseAll(): Iterable<KeyValue<K, V>> {
    return this.iterate({ reverse: true })
  }

  prefixScan(prefix: Uint8Array): Iterable<KeyValue<K, V>> {
    return this.iterate(boundsOfPrefix(prefix))
  }

  approximateCount(): number {
    let count = 0
    for (const _ of this.iterate({})) count++
    return count
  }

  private between(from: K | null, to: K | null, reverse: boolean): Iterable<KeyValue<K, V>> {
    const bounds = boundsBetween(this.rows, from, to)
    return bounds === null ? [] : this.iterate({ ...bounds, reverse })
  }

  private iterate(bounds: KeyBounds): Iterable<KeyValue<K, V>> {
    if (!this.isOpen) this.refuse()
    return iterateRows(this.rows, bounds)
  }

  private refuse(): never {
    throw new StreamsError('MR_STORE_CLOSED', { store: this.name, task: this.rows.host.taskName })
  }
}
