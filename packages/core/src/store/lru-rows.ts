/**
 * Rows of a store that remembers only the `entriesMax` keys used last (Kafka's LRU map); always in memory.
 *
 * What it forgets is deleted below the cache only: with caching on the cache still answers, as in Kafka. A plain store
 * also writes a tombstone for it to its changelog, before the record that pushed it out; a timestamped one does not.
 */
import { noHeaders } from '../record/headers.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, StoreHost } from './host.ts'
import { bytesOf } from './key-bytes.ts'
import { MemoryRows } from './memory-rows.ts'
import { absent, type Content, contentOf, ghostFlag, isPresent, type Pending, Row, setContent } from './row.ts'
import type { ValueShape } from './value-codec.ts'

export class LruRows<K, V> extends MemoryRows<K, V> {
  /** Rows that the store holds, least recently used first. */
  private used = new Map<string, Row>()
  private readonly entriesMax: number
  private isRestoring = false
  /** Entries of a `putAll` that are still to be logged. */
  private putTogether: Row[] | null = null

  constructor(definition: StoreDefinition<K, V>, host: StoreHost, shape: ValueShape, entriesMax: number) {
    super(definition, host, shape)
    this.entriesMax = entriesMax
  }

  override read(row: Row): V | null {
    if (this.cache === null) this.touch(row)
    return super.read(row)
  }

  override restore(records: readonly ChangelogRecord[]): void {
    this.isRestoring = true
    super.restore(records)
    this.isRestoring = false
  }

  /** As Kafka's changelog layer: all entries are put (and others forgotten) before any of them is logged. */
  override putAll(entries: Iterable<readonly [K, V | null]>): void {
    if (this.cache !== null) {
      super.putAll(entries)
      return
    }
    this.putTogether = []
    super.putAll(entries)
    const together = this.putTogether
    this.putTogether = null
    for (const { key, bytes, timestampMs, headers } of together) {
      this.changelog.log(bytesOf(key), bytes, timestampMs, headers)
    }
  }

  override rollback(): void {
    const before = this.used
    super.rollback()
    this.used = new Map()
    for (const row of this.table.values()) {
      row.flags &= ~ghostFlag
      if (isPresent(row) && !before.has(row.key)) this.used.set(row.key, row)
    }
    for (const row of before.values()) if (isPresent(row)) this.used.set(row.key, row)
  }

  override writeBelow(row: Row, before: Content | null, given: Uint8Array | null = null): void {
    row.flags &= ~ghostFlag
    // A store of no entries forgets the row at once, and logs it all the same.
    const bytes = this.entriesMax > 0 ? given : (given ?? this.codec.encoded(row))
    this.use(row)
    if (this.putTogether === null) {
      super.writeBelow(row, before, bytes)
      return
    }
    const logged = new Row(row.key, row.hash)
    setContent(logged, { ...contentOf(row), bytes: bytes ?? this.codec.encoded(row) })
    this.putTogether.push(logged)
    this.applied(row, before)
  }

  override belowOf(row: Row, pending: Pending): Content {
    this.touch(row)
    return super.belowOf(row, pending)
  }

  override contentBelow(row: Row): Content {
    if ((row.flags & ghostFlag) === 0) return super.contentBelow(row)
    row.flags &= ~ghostFlag
    return absent()
  }

  protected override applied(row: Row, before: Content | null): void {
    if (this.isRestoring) this.use(row)
    super.applied(row, before)
  }

  private touch(row: Row): void {
    if (this.used.delete(row.key)) this.used.set(row.key, row)
  }

  private use(row: Row): void {
    this.used.delete(row.key)
    if (!isPresent(row)) return
    this.used.set(row.key, row)
    if (this.used.size <= this.entriesMax) return
    const [eldest] = this.used.values()
    if (eldest !== undefined) this.forget(eldest)
  }

  private forget(row: Row): void {
    this.used.delete(row.key)
    if (this.codec.shape === 'plain' && !this.isRestoring) this.changelog.log(bytesOf(row.key), null, -1, noHeaders)
    const { pending } = row
    const below = pending === null ? row : (pending.below ?? absent())
    const before = contentOf(below)
    if (pending !== null) setContent(below, absent())
    else if (this.cache !== null && !this.isRestoring) row.flags |= ghostFlag
    else setContent(row, absent())
    super.applied(row, before)
  }
}
