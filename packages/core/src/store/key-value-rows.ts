/**
 * The rows of a key-value store: entry table, cache and changelog, below the typed view.
 *
 * One lookup answers a read: the table holds what is cached, what is not yet in the engine and what was read before. With
 * caching on a put waits in the table until `flush`; with caching off it goes to the changelog at once. Either way the
 * engine sees it in the batch of the next commit.
 */
import type { EngineEntry, EngineOperation, RangeOptions, StoreEngine } from '../port/store-engine.ts'
import { noHeaders } from '../record/headers.ts'
import type { Serde } from '../serde/serde.ts'
import { StreamsError } from '../errors.ts'
import { ByteMap } from './byte-map.ts'
import { ClockRing } from './clock-ring.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, StoreHost } from './host.ts'
import { bytesOf, hashBytes, hashText, latin1, prefixed } from './key-bytes.ts'
import { rowPrefix } from './key-layout.ts'
import { type BelowCache, CacheLayer } from './layer/cache.ts'
import { ChangelogLayer } from './layer/changelog.ts'
import { type Content, decodedFlag, dirtyFlag, isPinned, knownFlag, Row, usedFlag } from './row.ts'
import { presentSerde, ValueCodec, type ValueShape } from './value-codec.ts'
import { WriteSet } from './write-set.ts'

/** Clean rows that a disk store keeps to avoid reads, unless the host says otherwise. */
const cleanRowsDefault = 100_000
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
  private readonly keySerde: Serde<K>
  private readonly rowsMax: number
  /** Memory stores: rows of keys that were looked up and not there, dropped at the next commit. */
  private absent: Row[] = []
  private lastKey: unknown = noKey
  private lastRow: Row | null = null

  constructor(definition: StoreDefinition<K, V>, host: StoreHost, shape: ValueShape, rowsMax?: number) {
    this.definition = definition
    this.host = host
    this.engine = host.engine
    this.codec = new ValueCodec(definition as StoreDefinition<never, V>, shape, host.changelogTopic)
    this.keySerde = presentSerde(definition.key, definition.name, 'key')
    this.writes = new WriteSet(host)
    this.changelog = new ChangelogLayer(host, definition as StoreDefinition<never, never>, shape !== 'plain')
    const isCached = definition.caching && host.cacheBytesMax > 0
    this.cache = isCached ? new CacheLayer({ host, codec: this.codec, writes: this.writes }, this) : null
    this.prefix = rowPrefix(host.enginePrefix, 0)
    this.rowsMax = rowsMax ?? (definition.type === 'memory' ? Infinity : (host.cleanRowsMax ?? cleanRowsDefault))
  }

  /** The row of a key, with its content known. */
  find(key: K): Row {
    if (key === this.lastKey) return this.known(this.lastRow as Row)
    const bytes = this.keyBytes(key)
    const hash = hashBytes(bytes)
    const row = this.table.find(bytes, hash) ?? this.add(latin1(bytes), hash)
    this.remember(key, row)
    return this.known(row, bytes)
  }

  /** The row of a key for a blind write: its content may be unknown. */
  findToWrite(key: K): Row {
    if (key === this.lastKey) return this.lastRow as Row
    const bytes = this.keyBytes(key)
    const hash = hashBytes(bytes)
    const row = this.table.find(bytes, hash) ?? this.add(latin1(bytes), hash)
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
    if (this.cache === null) {
      this.putThrough(row, value)
    } else {
      row.userKey = key
      this.cache.put(row, value)
    }
  }

  /** Puts bytes below the cache: what a versioned store does with its latest rows. */
  putBytes(row: Row, value: Uint8Array | null, timestampMs: number): void {
    this.codec.fromChangelog(row, value, timestampMs, noHeaders)
    this.writeBelow(row)
  }

  flush(): void {
    this.cache?.flush()
  }

  restore(records: readonly ChangelogRecord[]): void {
    for (const { key, value, timestampMs, headers } of records) {
      const hash = hashBytes(key)
      const row = this.table.find(key, hash) ?? this.add(latin1(key), hash)
      this.codec.fromChangelog(row, value === null ? null : value.slice(), timestampMs, headers)
      this.applied(row)
    }
    this.evictSurplus()
  }

  stage(into: EngineOperation[]): void {
    this.writes.take(into, (row) => {
      const content = this.storedOf(row)
      const value = content.bytes === null ? null : this.codec.toEngine(content)
      return { key: prefixed(this.prefix, row.key), value }
    })
  }

  committed(): void {
    this.writes.committed((row) => {
      if (row.bytes === null && this.rowsMax === Infinity) this.absent.push(row)
    })
    if (this.rowsMax === Infinity) this.dropAbsent()
    else this.evictSurplus()
  }

  rollback(): void {
    this.writes.clear()
    this.table.clear()
    this.ring.clear()
    this.absent = []
    this.forgetLast()
  }

  /** Reads what has to be in memory; here nothing. */
  async load(): Promise<void> {}

  /** Rows of the layers below as engine entries, in key order; blocking. */
  engineRange(range: RangeOptions): Iterable<EngineEntry> {
    return this.engine.rangeSync(range)
  }

  /** Rows of a range that the layers below answer differently or not at all, in key order. */
  overlay(from: string | undefined, to: string | undefined): Row[] {
    const pinned = this.writes.pinnedRange(from, to)
    return this.cache !== null && this.codec.dropsTimestamps ? this.withTimed(pinned, from, to) : pinned
  }

  /** Below a cache that knows them, a store without timestamps has lost those of its rows. */
  private withTimed(pinned: readonly Row[], from: string | undefined, to: string | undefined): Row[] {
    const rows = new Set(pinned)
    for (const row of this.table.values()) {
      if (row.bytes === null || row.timestampMs < 0 || (from !== undefined && row.key < from)) continue
      if (to === undefined || row.key < to) rows.add(row)
    }
    return [...rows].sort((one, other) => (one.key < other.key ? -1 : 1))
  }

  putAll(entries: Iterable<readonly [K, V | null]>): void {
    for (const [key, value] of entries) this.put(key, this.findToWrite(key), value)
  }

  /** Decoded key of a row. */
  keyOf(key: string): K {
    return this.keySerde.deserialize(bytesOf(key), this.host.changelogTopic)
  }

  keyBytes(key: K): Uint8Array {
    if (key === null || key === undefined) throw new StreamsError('MR_STORE_NULL_KEY', { store: this.definition.name })
    return this.keySerde.serialize(key, this.host.changelogTopic)
  }

  /** What the next batch writes of a staged row. */
  protected storedOf(row: Row): Content {
    return (row.flags & dirtyFlag) !== 0 && row.below !== null ? row.below : row
  }

  /** A row in the table for this key text, content unknown unless it was there. */
  protected rowOf(key: string, hash: number): Row {
    return this.table.findText(key, hash) ?? this.add(key, hash)
  }

  keyOfRow(row: Row): K {
    const key = row.userKey as K
    row.userKey = null
    return key
  }

  /** Content of the layers below the cache. */
  belowOf(row: Row): Content {
    if (row.below !== null) return row.below
    const below: Content = { bytes: null, timestampMs: -1, headers: noHeaders }
    this.readEngine(row.key, below)
    row.below = below
    return below
  }

  protected readEngine(key: string, into: Content): void {
    this.codec.fromEngine(into, this.engine.getSync(prefixed(this.prefix, key)))
  }

  /** The row's new content goes to the changelog and into the next batch. */
  writeBelow(row: Row): void {
    this.codec.encode(row)
    row.below = null
    if (this.changelog.isOn) this.changelog.log(bytesOf(row.key), row.bytes, row.timestampMs, row.headers)
    this.applied(row)
  }

  protected applied(row: Row): void {
    row.flags |= knownFlag
    this.writes.stage(row)
  }

  protected putThrough(row: Row, value: V | null): void {
    this.codec.assign(row, value)
    this.writeBelow(row)
    if (this.codec.dropsTimestamps) this.dropTimestamp(row)
  }

  /** Content below the cache of a row that is not dirty; null when only the engine knows. */
  contentBelow(row: Row): Content | null {
    if ((row.flags & knownFlag) === 0) return null
    return { bytes: row.bytes, timestampMs: row.timestampMs, headers: row.headers }
  }

  private dropTimestamp(row: Row): void {
    if (row.bytes === null) return
    row.timestampMs = -1
    row.value = null
    row.flags &= ~decodedFlag
  }

  private known(row: Row, bytes?: Uint8Array): Row {
    if ((row.flags & knownFlag) !== 0) return row
    const value = this.engine.getSync(bytes === undefined ? prefixed(this.prefix, row.key) : joined(this.prefix, bytes))
    this.codec.fromEngine(row, value)
    row.flags |= knownFlag
    if (value === undefined && this.rowsMax === Infinity) this.absent.push(row)
    return row
  }

  private add(key: string, hash: number): Row {
    const row = new Row(key, hash)
    if (this.rowsMax !== Infinity) {
      if (this.ring.size >= this.rowsMax) this.evictOne()
      this.ring.add(row)
    }
    this.table.insert(row)
    return row
  }

  private remember(key: K, row: Row): void {
    row.flags |= usedFlag
    if (typeof key === 'object') this.forgetLast()
    else {
      this.lastKey = key
      this.lastRow = row
    }
  }

  private forgetLast(): void {
    this.lastKey = noKey
    this.lastRow = null
  }

  private evictOne(): void {
    const row = this.ring.evict()
    if (row === null) return
    this.table.remove(row)
    if (row === this.lastRow) this.forgetLast()
  }

  private dropAbsent(): void {
    for (const row of this.absent) {
      if (row.bytes !== null || isPinned(row)) continue
      this.table.remove(row)
      if (row === this.lastRow) this.forgetLast()
    }
    this.absent = []
  }

  private evictSurplus(): void {
    for (let surplus = this.ring.size - this.rowsMax; surplus > 0; surplus--) this.evictOne()
  }
}

function joined(prefix: Uint8Array, key: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(prefix.length + key.length)
  bytes.set(prefix)
  bytes.set(key, prefix.length)
  return bytes
}
