/**
 * The rows of a key-value store: entry table, cache and changelog, below the typed view.
 *
 * One lookup answers a read: the table holds what is cached, what is not yet in the engine and what was read before. With
 * caching on a put waits in the table until `flush`; with caching off it goes to the changelog at once. Either way the
 * engine sees it in the batch of the next commit. Clean rows beyond those that fit as objects are packed (packed-rows.ts);
 * the engine is read only for what is in neither. Rows of a memory store are in no engine: see memory-rows.ts.
 */
import type { EngineEntry, EngineOperation, RangeOptions, StoreEngine } from '../port/store-engine.ts'
import { noHeaders } from '../record/headers.ts'
import { ByteMap } from './byte-map.ts'
import { ClockRing } from './clock-ring.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, StoreHost } from './host.ts'
import { afterPrefix, bytesOf, hashBytes, hashText, latin1, prefixed } from './key-bytes.ts'
import { KeyCodec } from './key-codec.ts'
import { rowPrefix } from './key-layout.ts'
import { type BelowCache, CacheLayer } from './layer/cache.ts'
import { ChangelogLayer } from './layer/changelog.ts'
import { PackedRows } from './packed-rows.ts'
import { ReadBudget } from './read-budget.ts'
import {
  absent,
  type Content,
  contentOf,
  isPresent,
  knownFlag,
  packedFlag,
  type Pending,
  Row,
  usedFlag,
} from './row.ts'
import { ValueCodec, type ValueShape } from './value-codec.ts'
import { WriteSet } from './write-set.ts'
import { undefinedPut } from './undefined-put.ts'

/** A quarter of the memory for reads goes to rows as objects of about this size, within these bounds. */
const rowObjectBytes = 320
const rowObjectsMin = 1_000
const rowObjectsMax = 100_000
const noKey: unknown = Symbol('no key')

export class KeyValueRows<K, V> implements BelowCache<K, Row> {
  readonly definition: StoreDefinition<K, V>
  readonly host: StoreHost
  readonly codec: ValueCodec<V>
  readonly writes: WriteSet<Row>
  /** Null while caching is off. */
  readonly cache: CacheLayer<K, V, Row> | null
  /** Prefix of the engine rows of this store. */
  readonly prefix: Uint8Array
  protected readonly engine: StoreEngine
  protected readonly table: ByteMap<Row> = new ByteMap()
  protected readonly changelog: ChangelogLayer
  private readonly ring = new ClockRing<Row>()
  private readonly keys: KeyCodec<K>
  protected readonly budget: ReadBudget
  /** Null in memory stores. */
  protected readonly packed: PackedRows | null
  private rowsMax = rowObjectsMax
  private lastKey: unknown = noKey
  private lastRow: Row | null = null

  constructor(definition: StoreDefinition<K, V>, host: StoreHost, shape: ValueShape) {
    this.definition = definition
    this.host = host
    this.engine = host.engine
    this.codec = new ValueCodec(definition as StoreDefinition<never, V>, shape, host.changelogTopic)
    this.keys = new KeyCodec(definition as StoreDefinition<K, never>, host.changelogTopic)
    this.writes = new WriteSet(host)
    this.changelog = new ChangelogLayer(host, definition as StoreDefinition<never, never>, shape !== 'plain')
    const isCached = definition.caching && host.cacheBytesMax > 0
    this.cache = isCached ? new CacheLayer({ host, codec: this.codec, writes: this.writes }, this) : null
    this.prefix = rowPrefix(host.enginePrefix, 0)
    this.budget = host.readBudget ?? new ReadBudget()
    const isInEngine = definition.type !== 'memory' && definition.entriesMax === undefined
    this.packed = isInEngine ? new PackedRows(0.75 * this.budget.share) : null
    if (isInEngine) this.budget.join()
    this.takeShare()
  }

  /** The row of a key, with its content known. */
  find(key: K): Row {
    if (key === this.lastKey) return this.known(this.lastRow as Row)
    const { keys } = this
    const row = keys.find(this.table, key) ?? this.add(keys.text(key), keys.hash)
    this.remember(key, row)
    return this.known(row)
  }

  /** The row of a key for a blind write: its content may be unknown. */
  findToWrite(key: K): Row {
    if (key === this.lastKey) return this.lastRow as Row
    const { keys } = this
    const row = keys.find(this.table, key) ?? this.add(keys.text(key), keys.hash)
    this.remember(key, row)
    return row
  }

  /** As `find`, of the text of a key's bytes. */
  findText(key: string): Row {
    return this.known(this.rowOf(key, hashText(key)))
  }

  /** A processor reads the row's value. */
  read(row: Row): V | null {
    return this.codec.read(row)
  }

  /** Puts a value (null deletes) into the cache, or through to the changelog. */
  put(key: K, row: Row, value: V | null): void {
    if (this.cache !== null) {
      this.cache.put(row, value, key)
      return
    }
    const before = this.beforeWrite(row)
    this.writeBelow(row, before, this.codec.assign(row, value))
    if (this.codec.dropsTimestamps) row.timestampMs = -1
  }

  putAll(entries: Iterable<readonly [K, V | null]>): void {
    for (const [key, value] of entries) {
      if (value === undefined) throw undefinedPut(this.definition.name, key)
      this.put(key, this.findToWrite(key), value)
    }
  }

  /** Puts bytes below the cache: what a versioned store does with its latest rows. */
  putBytes(row: Row, value: Uint8Array | null, timestampMs: number): void {
    this.codec.fromChangelog(row, value, timestampMs, noHeaders)
    this.writeBelow(row, null)
  }

  flush(): void {
    this.cache?.flush()
  }

  restore(records: readonly ChangelogRecord[]): void {
    for (const { key, value, timestampMs, headers } of records) {
      const row = this.rowOf(latin1(key), hashBytes(key))
      const before = this.beforeWrite(row)
      this.codec.fromChangelog(row, value === null ? null : value.slice(), timestampMs, headers)
      this.applied(row, before)
    }
    this.evictSurplus()
  }

  stage(into: EngineOperation[]): void {
    // Rows that will hardly stay are packed while their bytes are at hand.
    const packs = this.table.size > this.rowsMax
    this.writes.take(into, (row) => {
      const value = this.codec.toEngine(row.pending?.below ?? row)
      if (packs && row.pending === null) this.pack(row, value)
      return { key: prefixed(this.prefix, row.key), value }
    })
  }

  committed(): void {
    this.writes.committed((row) => this.settled(row))
    this.takeShare()
    this.evictSurplus()
  }

  rollback(): void {
    this.writes.clear()
    this.table.clear()
    this.ring.clear()
    this.packed?.clear()
    this.forgetLast()
  }

  /** Reads what has to be known before the first record: whether the engine has rows at all. */
  async load(): Promise<void> {
    if (this.packed === null) return
    let isEmpty = this.table.size === 0
    const lt = afterPrefix(this.prefix) as Uint8Array
    for await (const _ of this.engine.range({ gte: this.prefix, lt, limit: 1 })) isEmpty = false
    this.packed.isComplete = isEmpty
  }

  /** Gives its share of the memory back. Called once. */
  close(): void {
    if (this.packed !== null) this.budget.leave()
  }

  /** Rows of the layers below as engine entries, in key order; blocking. */
  engineRange(range: RangeOptions): Iterable<EngineEntry> {
    return this.engine.rangeSync(range)
  }

  /** Rows of a range that the layers below answer differently or not at all, in key order. */
  overlay(from: string | undefined, to: string | undefined): Row[] {
    const pinned = this.writes.pinnedRange(from, to)
    return this.cache !== null && this.codec.dropsTimestamps ? this.withTimed(pinned, from, to) : pinned
  }

  /** Decoded key of a row. */
  keyOf(key: string): K {
    return this.keys.decode(key)
  }

  keyBytes(key: K): Uint8Array {
    return this.keys.serialize(key)
  }

  contentBelow(row: Row): Content | null {
    return (row.flags & knownFlag) === 0 ? null : contentOf(row)
  }

  belowOf(row: Row, pending: Pending): Content {
    if (pending.below !== null) return pending.below
    const below = absent()
    this.readBelow(row, below)
    return below
  }

  keyOfRow(_row: Row, pending: Pending): K {
    return pending.userKey as K
  }

  /** A row that was pinned is clean. */
  settled(row: Row): void {
    if (row.place < 0) this.ring.add(row)
  }

  /** `bytes`: the encoded value, if it is at hand. */
  writeBelow(row: Row, before: Content | null, bytes: Uint8Array | null = null): void {
    if (this.changelog.isOn) {
      const value = bytes ?? this.codec.encoded(row)
      this.changelog.log(bytesOf(row.key), value, row.timestampMs, row.headers)
    }
    this.applied(row, before)
  }

  /** A row in the table for this key text, content unknown unless it was there. */
  protected rowOf(key: string, hash: number): Row {
    return this.table.findText(key, hash) ?? this.add(key, hash)
  }

  /** What has to be remembered of a row before it is written; in a disk store nothing, the engine knows it. */
  protected beforeWrite(_row: Row): Content | null {
    return null
  }

  /** The row's content is that of the store now. */
  protected applied(row: Row, _before: Content | null): void {
    row.flags = (row.flags | knownFlag) & ~packedFlag
    this.writes.stage(row)
  }

  protected known(row: Row): Row {
    if ((row.flags & knownFlag) !== 0) return row
    if (this.readBelow(row, row)) row.flags |= packedFlag
    row.flags |= knownFlag
    return row
  }

  protected add(key: string, hash: number): Row {
    if (this.ring.size >= this.rowsMax) this.evictOne()
    const row = new Row(key, hash)
    this.ring.add(row)
    this.table.insert(row)
    return row
  }

  /** Drops a row that holds nothing. @returns false when it does hold something, or was dropped before */
  protected drop(row: Row): boolean {
    if (isPresent(row) || !this.table.remove(row)) return false
    if (row === this.lastRow) this.forgetLast()
    return true
  }

  protected forgetLast(): void {
    this.lastKey = noKey
    this.lastRow = null
  }

  /** Below a cache that knows them, a store without timestamps has lost those of its rows. */
  private withTimed(pinned: readonly Row[], from: string | undefined, to: string | undefined): Row[] {
    const rows = new Set(pinned)
    for (const row of this.table.values()) {
      if (!isPresent(row) || row.timestampMs < 0 || (from !== undefined && row.key < from)) continue
      if (to === undefined || row.key < to) rows.add(row)
    }
    return [...rows].sort((one, other) => (one.key < other.key ? -1 : 1))
  }

  private remember(key: K, row: Row): void {
    row.flags |= usedFlag
    if (typeof key === 'object') this.forgetLast()
    else {
      this.lastKey = key
      this.lastRow = row
    }
  }

  /** Reads the row from the layers below the table. @returns true when it was packed */
  private readBelow(row: Row, into: Content): boolean {
    const { packed, codec } = this
    const place = packed === null ? -1 : packed.find(row)
    if (packed !== null && place >= 0) {
      codec.fromPacked(into, packed, place)
      return true
    }
    const isAbsent = packed?.isComplete === true
    codec.fromEngine(into, isAbsent ? undefined : this.engine.getSync(prefixed(this.prefix, row.key)))
    return false
  }

  /** The engine row of this key is kept packed; null = there is none. */
  private pack(row: Row, value: Uint8Array | null): void {
    if (value === null) this.packed?.remove(row)
    else this.packed?.put(row, value)
    row.flags |= packedFlag
  }

  private evictOne(): void {
    const row = this.ring.evict()
    if (row === null) return
    this.table.remove(row)
    if (row === this.lastRow) this.forgetLast()
    if ((row.flags & (knownFlag | packedFlag)) === knownFlag) this.pack(row, this.codec.toEngine(row))
  }

  /** The memory for reads is shared by the stores that are open now. */
  protected takeShare(): void {
    const { share } = this.budget
    const objects = Math.floor((0.25 * share) / rowObjectBytes)
    this.rowsMax = this.host.cleanRowsMax ?? Math.min(rowObjectsMax, Math.max(rowObjectsMin, objects))
    if (this.packed !== null) this.packed.bytesMax = Math.floor(0.75 * share)
  }

  private evictSurplus(): void {
    for (let surplus = this.ring.size - this.rowsMax; surplus > 0; surplus--) this.evictOne()
  }
}
