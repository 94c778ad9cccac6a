/**
 * The rows of a window or session store below the typed view: live index in memory, cache, changelog, expiry.
 *
 * All live rows are in memory (read by `load`), so no range on the record path ever reaches the engine. Rows that expire
 * become invisible at once; their engine rows are deleted in the batches that follow, a bounded number in each.
 */
import type { EngineOperation, StoreEngine } from '../port/store-engine.ts'
import type { Windowed } from '../record/windowed.ts'
import { ByteMap } from './byte-map.ts'
import type { StoreDefinition } from './definition.ts'
import { expiredShare, Expiry } from './expiry.ts'
import type { ChangelogRecord, StoreHost } from './host.ts'
import { KeptTimes } from './kept-times.ts'
import { afterPrefix, hashText, latin1 } from './key-bytes.ts'
import { KeyCodec } from './key-codec.ts'
import { readSegmentedKey, rowPrefix, segmentedKey, type TimedLayout } from './key-layout.ts'
import { type BelowCache, CacheLayer } from './layer/cache.ts'
import { ChangelogLayer } from './layer/changelog.ts'
import { absent, type Content, contentOf, engineFlag, isPinned, isPresent, knownFlag, type Pending } from './row.ts'
import { findRow, firstAt, insertRow, KeySlot, TimedRow } from './timed-row.ts'
import { ValueCodec, type ValueShape } from './value-codec.ts'
import { refuseWindow } from './window-refusal.ts'
import { WriteSet } from './write-set.ts'

export class TimedRows<K, V> implements BelowCache<Windowed<K>, TimedRow> {
  readonly definition: StoreDefinition<K, V>
  readonly host: StoreHost
  readonly codec: ValueCodec<V>
  readonly cache: CacheLayer<Windowed<K>, V, TimedRow> | null
  readonly expiry: Expiry
  readonly times: KeptTimes
  readonly layout: TimedLayout
  readonly dropsDeletions = true
  /** Makes the key that a flush listener gets; set by the view. */
  flushKey: (row: TimedRow) => Windowed<K> = () => undefined as never
  private readonly engine: StoreEngine
  private readonly keys: KeyCodec<K>
  private readonly prefix: Uint8Array
  private readonly changelog: ChangelogLayer
  private readonly writes: WriteSet<TimedRow>
  private readonly slots = new ByteMap<KeySlot>()
  private isLoaded = false
  /** Expired rows that are still in the engine. */
  private expired: TimedRow[] = []
  /** Slots whose last row was deleted since the last commit; most get another one soon. */
  private readonly emptied = new Set<KeySlot>()
  /** Rows that only the cache still answers for, oldest first. */
  private readonly ghosts: TimedRow[] = []
  private ghostBytes = 0
  private lastKey: unknown = undefined
  private lastSlot: KeySlot | null = null
  /** Window stores that retain duplicates: number of the last put, and of the last one that was not a deletion. */
  private sequence = 0
  private storedSequence = 0
  /** Greatest time put into the cache, −1 at first. */
  newestCachedMs = -1

  constructor(definition: StoreDefinition<K, V>, host: StoreHost, shape: ValueShape, layout: TimedLayout) {
    this.definition = definition
    this.host = host
    this.engine = host.engine
    this.layout = layout
    this.codec = new ValueCodec(definition as StoreDefinition<never, V>, shape, host.changelogTopic)
    this.keys = new KeyCodec(definition as StoreDefinition<K, never>, host.changelogTopic)
    this.prefix = rowPrefix(host.enginePrefix, 0)
    this.changelog = new ChangelogLayer(host, definition as StoreDefinition<never, never>, shape !== 'plain')
    this.writes = new WriteSet(host)
    this.expiry = new Expiry(definition as StoreDefinition<never, never>)
    this.times = new KeptTimes(host.engine, host.enginePrefix)
    const isCached = definition.caching && host.cacheBytesMax > 0 && definition.retainDuplicates !== true
    const forwardsHeaders = definition.kind !== 'headers-session'
    const parts = { host, codec: this.codec, writes: this.writes }
    this.cache = isCached ? new CacheLayer<Windowed<K>, V, TimedRow>(parts, this, forwardsHeaders) : null
  }

  /** What is restored afterwards is in memory too, so only the first call reads. */
  async load(): Promise<void> {
    if (this.isLoaded) return
    this.isLoaded = true
    let observedMs = this.times.load()
    const lt = afterPrefix(this.prefix) as Uint8Array
    for await (const entry of this.engine.range({ gte: this.prefix, lt })) {
      const { key, end } = readSegmentedKey(entry.key, this.prefix.length)
      const { primary, secondary } = this.layout.readTail(entry.key, end)
      const slot = this.slotOfText(key)
      // Restored just now by this object, and written since.
      if (findRow(slot, primary, secondary) !== undefined) continue
      const row = this.makeRow(slot, primary, secondary)
      this.codec.fromEngine(row, entry.value)
      row.flags |= knownFlag | engineFlag
      if (primary > observedMs) observedMs = primary
      if (this.layout.countsSequence && secondary > this.sequence) this.sequence = secondary
    }
    this.expiry.observedMs = observedMs
    this.expire()
  }

  /** The rows of a key, or undefined. */
  slotOf(key: K): KeySlot | undefined {
    if (key === this.lastKey && this.lastSlot !== null) return this.lastSlot
    const slot = this.keys.find(this.slots, key)
    if (slot !== undefined) this.remember(key, slot)
    return slot
  }

  keyBytes(key: K): Uint8Array {
    return this.keys.serialize(key)
  }

  /** The decoded key of a slot. */
  keyOf(slot: KeySlot): K {
    if (slot.userKey !== undefined) return slot.userKey as K
    const key = this.keys.decode(slot.key)
    if (typeof key !== 'object') slot.userKey = key
    return key
  }

  /** True when a reader may see the row. */
  isVisible(row: TimedRow): boolean {
    return isPresent(row) && (row.isCached || row.primary > this.expiry.expiredMs)
  }

  /** True when the store below the cache would answer with the row. */
  isVisibleBelow(row: TimedRow): boolean {
    return isPresent(row.pending?.below ?? row) && row.primary > this.expiry.expiredMs
  }

  /** Rows whose time may lie in [fromMs, toMs], unordered, with those that only the cache remembers. */
  *rowsBetween(fromMs: number, toMs: number): Generator<TimedRow> {
    yield* this.expiry.rowsBetween(fromMs, toMs)
    for (const row of this.ghosts) if (!row.isGone) yield row
  }

  /** The value of one row, or null. With duplicates only that of the last put, and on disk only: so Kafka looks it up. */
  get(key: K, primary: number, secondary: number): V | null {
    const slot = this.slotOf(key)
    const row = slot === undefined ? undefined : findRow(slot, primary, secondary || this.storedSequence)
    return row !== undefined && this.isVisible(row) ? this.codec.read(row) : null
  }

  /** Puts a value (null deletes). `removes` is a session's `remove`, which an expired session does not count against. */
  put(key: K, primary: number, secondary: number, value: V | null, removes = false): void {
    const isAbsent = value === null || value === undefined
    const slot = this.slotToWrite(key)
    const sequenceBefore = this.sequence
    if (this.layout.countsSequence) this.sequence = (sequenceBefore + 1) & 0x7fffffff
    const second = this.layout.countsSequence ? this.sequence : secondary
    if (this.layout.countsSequence && isAbsent) {
      if (this.definition.type === 'memory' && !this.observe(primary)) this.host.droppedRecord()
      this.logRow(new TimedRow(slot, primary, second), null)
      this.dropIfEmpty(slot)
      return
    }
    const row = findRow(slot, primary, second) ?? this.makeRow(slot, primary, second)
    try {
      if (this.cache === null) this.write(row, this.codec.assign(row, value), removes)
      else this.putCached(this.cache, row, value)
      if (this.layout.countsSequence && this.definition.type === 'disk') this.storedSequence = second
    } catch (error) {
      this.sequence = sequenceBefore
      if ((row.flags & knownFlag) === 0) this.removeRow(row)
      throw error
    }
  }

  flush(): void {
    this.cache?.flush()
  }

  contentBelow(row: TimedRow): Content {
    return contentOf(row)
  }

  belowOf(row: TimedRow, pending: Pending): Content {
    return pending.below === null || row.primary <= this.expiry.expiredMs ? absent() : pending.below
  }

  keyOfRow(row: TimedRow): Windowed<K> {
    return this.flushKey(row)
  }

  /** Only a cache fails on windows before 0, as in Kafka. @throws {MR_STORE_WINDOW} */
  writeBelow(row: TimedRow): void {
    if (row.primary < 0) refuseWindow(this.definition, row.primary)
    this.write(row, null, false)
  }

  restore(records: readonly ChangelogRecord[]): void {
    for (const record of records) {
      const { key, primary, secondary } = this.layout.readChangelogKey(record.key)
      this.times.restored(record.timestampMs)
      if (this.layout.countsSequence) {
        if (secondary > this.sequence) this.sequence = secondary
        if (record.value === null) continue
      }
      if (!this.observe(primary)) continue
      const text = latin1(key)
      const slot = this.slotOfText(text)
      const row = findRow(slot, primary, secondary) ?? this.makeRow(slot, primary, secondary)
      const value = record.value === null ? null : record.value.slice()
      this.codec.fromChangelog(row, value, record.timestampMs, record.headers)
      this.applied(row)
    }
  }

  stage(into: EngineOperation[]): void {
    this.writes.take(into, (row) => this.operationOf(row))
    this.stageExpired(into)
    this.times.stage(into, this.expiry.observedMs)
  }

  committed(): void {
    this.writes.committed((row) => {
      this.forgetDeleted(row)
    })
    for (const slot of this.emptied) this.dropIfEmpty(slot)
    this.emptied.clear()
  }

  rollback(): void {
    this.isLoaded = false
    this.writes.clear()
    this.slots.clear()
    this.expiry.clear()
    this.expired = []
    this.emptied.clear()
    this.ghosts.length = 0
    this.ghostBytes = 0
    this.lastSlot = null
    this.sequence = 0
    this.storedSequence = 0
    this.newestCachedMs = -1
  }

  private putCached(cache: CacheLayer<Windowed<K>, V, TimedRow>, row: TimedRow, value: V | null): void {
    row.isCached = true
    if (row.primary > this.newestCachedMs) this.newestCachedMs = row.primary
    cache.put(row, value, null)
  }

  /** Below the cache: the store takes or refuses the row, and it is logged in any case. `bytes`: the value if at hand. */
  private write(row: TimedRow, bytes: Uint8Array | null, removes: boolean): void {
    const keepsTime = removes && this.definition.type === 'memory'
    if (keepsTime || this.observe(row.primary)) {
      this.applied(row)
    } else {
      if (!removes) this.host.droppedRecord()
      if (!row.isCached && !row.isGone) this.removeRow(row)
    }
    this.logRow(row, bytes)
    this.forgetDeleted(row)
    if (this.codec.dropsTimestamps && !row.isCached) row.timestampMs = -1
  }

  /** A dirty row had nothing below to delete. */
  settled(row: TimedRow): void {
    row.isCached = false
    this.forgetDeleted(row)
  }

  /** A deleted row waits for the batch outside its slot, so that searches never meet it. */
  private forgetDeleted(row: TimedRow): void {
    if (isPresent(row) || row.isGone || row.pending !== null) return
    this.takeOut(row)
    if (row.slot.rows.length === 0) this.emptied.add(row.slot)
  }

  /** What the next batch does for a row: nothing for one that the engine never had and need not have. */
  private operationOf(row: TimedRow): EngineOperation | null {
    const value = this.expiry.isLetGo(row.primary) ? null : this.codec.toEngine(row.pending?.below ?? row)
    const isInEngine = (row.flags & engineFlag) !== 0 || !this.isLoaded
    if (value === null && !isInEngine) return null
    if (value === null) row.flags &= ~engineFlag
    else row.flags |= engineFlag
    return { key: this.engineKey(row), value }
  }

  private applied(row: TimedRow): void {
    row.flags |= knownFlag
    this.writes.stage(row)
  }

  /** Moves the store's time. @returns false when the store refuses a row of this time */
  private observe(primary: number): boolean {
    if (primary > this.expiry.observedMs) {
      this.expiry.observedMs = primary
      this.expire()
    }
    return !this.expiry.refuses(primary)
  }

  private expire(): void {
    const rows = this.expiry.takeExpired()
    if (rows === null) return
    const touched = new Set<KeySlot>()
    for (const row of rows) {
      if ((row.flags & engineFlag) !== 0) this.expired.push(row)
      touched.add(row.slot)
      if (row.isCached) this.keepGhost(row)
      else row.isGone = true
    }
    for (const slot of touched) {
      slot.rows = slot.rows.filter((row) => !row.isGone)
      this.dropIfEmpty(slot)
    }
    this.forgetGhosts()
  }

  /** Deletes some of what expired, more the more there is, so that the rest never piles up. */
  private stageExpired(into: EngineOperation[]): void {
    const count = expiredShare(this.expired.length)
    for (let i = 0; i < count; i++) {
      const row = this.expired[i] as TimedRow
      if ((row.flags & engineFlag) === 0) continue
      row.flags &= ~engineFlag
      into.push({ key: this.engineKey(row), value: null })
    }
    if (count > 0) this.expired = this.expired.slice(count)
  }

  private keepGhost(row: TimedRow): void {
    this.ghosts.push(row)
    this.ghostBytes += 200 + (row.bytes?.length ?? 0)
  }

  /** The cache has its limit, also for what it remembers beyond the retention. */
  private forgetGhosts(): void {
    let taken = 0
    while (this.ghostBytes > this.host.cacheBytesMax && taken < this.ghosts.length) {
      const row = this.ghosts[taken++] as TimedRow
      this.ghostBytes -= 200 + (row.bytes?.length ?? 0)
      if (isPinned(row)) row.isCached = false
      else if (!row.isGone) this.removeRow(row)
    }
    if (taken > 0) this.ghosts.splice(0, taken)
  }

  private logRow(row: TimedRow, bytes: Uint8Array | null): void {
    if (!this.changelog.isOn) return
    const key = this.layout.changelogKey(row.key, row.primary, row.secondary)
    this.changelog.log(key, bytes ?? this.codec.encoded(row), row.timestampMs, row.headers)
  }

  private engineKey(row: TimedRow): Uint8Array {
    const { layout } = this
    const key = segmentedKey(this.prefix, this.expiry.engineSegment(row.primary), row.key, layout.tailBytes)
    layout.writeTail(key, key.length - layout.tailBytes, row.primary, row.secondary)
    return key
  }

  private slotToWrite(key: K): KeySlot {
    const known = this.slotOf(key)
    if (known !== undefined) return known
    const slot = new KeySlot(this.keys.text(key), this.keys.hash)
    this.slots.insert(slot)
    this.remember(key, slot)
    return slot
  }

  private slotOfText(text: string): KeySlot {
    const hash = hashText(text)
    const known = this.slots.findText(text, hash)
    if (known !== undefined) return known
    const slot = new KeySlot(text, hash)
    this.slots.insert(slot)
    return slot
  }

  private makeRow(slot: KeySlot, primary: number, secondary: number): TimedRow {
    const row = new TimedRow(slot, primary, secondary)
    insertRow(row)
    this.expiry.add(row)
    return row
  }

  private removeRow(row: TimedRow): void {
    this.takeOut(row)
    this.dropIfEmpty(row.slot)
  }

  private takeOut(row: TimedRow): void {
    const { rows } = row.slot
    const at = firstAt(rows, row.primary, row.secondary)
    if (at === rows.length - 1) rows.pop()
    else rows.splice(at, 1)
    this.expiry.remove(row)
  }

  private dropIfEmpty(slot: KeySlot): void {
    if (slot.rows.length > 0) return
    this.slots.remove(slot)
    if (slot === this.lastSlot) this.lastSlot = null
  }

  private remember(key: K, slot: KeySlot): void {
    this.lastSlot = typeof key === 'object' ? null : slot
    this.lastKey = key
  }
}
