/**
 * Rows of a store that remembers only the `entriesMax` keys used last (Kafka's LRU map).
 *
 * What it forgets is deleted below the cache only: with caching on the cache still answers, as in Kafka. A plain store
 * also writes a tombstone for it to its changelog, before the record that pushed it out; a timestamped one does not.
 */
import { noHeaders } from '../record/headers.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, StoreHost } from './host.ts'
import { afterPrefix, bytesOf, hashText, latin1 } from './key-bytes.ts'
import { KeyValueRows } from './key-value-rows.ts'
import { type Content, decodedFlag, dirtyFlag, ghostFlag, knownFlag, type Row } from './row.ts'
import type { ValueShape } from './value-codec.ts'

export class LruRows<K, V> extends KeyValueRows<K, V> {
  /** Rows that the store holds, least recently used first. */
  private readonly used = new Map<string, Row>()
  private readonly entriesMax: number
  private isRestoring = false
  /** Entries of a `putAll` that are still to be logged. */
  private putTogether: (Content & { readonly key: string })[] | null = null

  constructor(definition: StoreDefinition<K, V>, host: StoreHost, shape: ValueShape, entriesMax: number) {
    super(definition, host, shape, Infinity)
    this.entriesMax = entriesMax
  }

  override async load(): Promise<void> {
    this.used.clear()
    const lt = afterPrefix(this.prefix) as Uint8Array
    for await (const entry of this.engine.range({ gte: this.prefix, lt })) {
      const key = latin1(entry.key, this.prefix.length)
      const row = this.rowOf(key, hashText(key))
      this.codec.fromEngine(row, entry.value)
      row.flags |= knownFlag
      this.used.set(key, row)
    }
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
    const logged = this.putTogether
    this.putTogether = null
    for (const { key, bytes, timestampMs, headers } of logged) {
      this.changelog.log(bytesOf(key), bytes, timestampMs, headers)
    }
  }

  /** With a cache: also what only the cache remembers. */
  override overlay(from: string | undefined, to: string | undefined): Row[] {
    const pinned = super.overlay(from, to)
    if (this.cache === null) return pinned
    const rows = new Set(pinned)
    for (const row of this.table.values()) {
      if ((row.flags & ghostFlag) === 0 || (from !== undefined && row.key < from)) continue
      if (to === undefined || row.key < to) rows.add(row)
    }
    return [...rows].sort((one, other) => (one.key < other.key ? -1 : 1))
  }

  override rollback(): void {
    super.rollback()
    this.used.clear()
  }

  override writeBelow(row: Row): void {
    this.codec.encode(row)
    row.flags &= ~ghostFlag
    this.use(row)
    if (this.putTogether === null) {
      super.writeBelow(row)
      return
    }
    const { key, bytes, timestampMs, headers } = row
    this.putTogether.push({ key, bytes, timestampMs, headers })
    row.below = null
    this.applied(row)
  }

  protected override applied(row: Row): void {
    if (this.isRestoring) this.use(row)
    super.applied(row)
  }

  override belowOf(row: Row): Content {
    this.touch(row)
    return super.belowOf(row)
  }

  override contentBelow(row: Row): Content | null {
    if ((row.flags & ghostFlag) === 0) return super.contentBelow(row)
    row.flags &= ~ghostFlag
    return absent()
  }

  protected override storedOf(row: Row): Content {
    return (row.flags & ghostFlag) !== 0 ? absent() : super.storedOf(row)
  }

  private touch(row: Row): void {
    if (this.used.delete(row.key)) this.used.set(row.key, row)
  }

  private use(row: Row): void {
    this.used.delete(row.key)
    if (row.bytes === null) return
    this.used.set(row.key, row)
    if (this.used.size <= this.entriesMax) return
    const [eldest] = this.used.values()
    if (eldest !== undefined) this.forget(eldest)
  }

  private forget(row: Row): void {
    this.used.delete(row.key)
    if (this.codec.shape === 'plain' && !this.isRestoring) this.changelog.log(bytesOf(row.key), null, -1, noHeaders)
    if ((row.flags & dirtyFlag) !== 0) row.below = absent()
    else if (this.cache !== null && !this.isRestoring) row.flags |= ghostFlag
    else {
      row.bytes = null
      row.value = null
      row.flags |= decodedFlag
    }
    this.writes.stage(row)
  }
}

function absent(): Content {
  return { bytes: null, timestampMs: -1, headers: noHeaders }
}
