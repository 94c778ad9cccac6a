/**
 * Rows of a disk store without a cache: every put goes to the changelog at once and waits for the next engine batch packed,
 * outside the heap. No object lives longer than the record that made it, so a store that writes a hundred thousand rows
 * between two commits leaves the garbage collector nothing to trace.
 */
import type { EngineOperation } from '../port/store-engine.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, StoreHost } from './host.ts'
import { bytesOf, hashBytes, latin1, prefixed } from './key-bytes.ts'
import { KeyValueRows } from './key-value-rows.ts'
import type { PackedKey, PackedRows } from './packed-rows.ts'
import { knownFlag, Row } from './row.ts'
import { SortedChunks } from './sorted-chunks.ts'
import type { ValueShape } from './value-codec.ts'

/** Flags of a packed row: it goes into the next batch; it is in the batch being written. */
const staged = 1
const writing = 2
/** What one held row counts beside its key and value. */
const rowBytes = 24

export class UncachedRows<K, V> extends KeyValueRows<K, V> {
  private readonly rows: PackedRows
  /** Places of rows, in the order of their first put since the last batch; one without flags has moved. */
  private staged: number[] = []
  private stagedBytes = 0
  private writing: number[] = []
  private writingBytes = 0
  /** Held rows by key; kept only once a range was read. */
  private ordered: SortedChunks<PackedKey> | null = null
  /** Where the row found last is, −1 = not packed; holds while `moves` is the same. */
  private foundRow: Row | null = null
  private foundPlace = -1
  private foundMoves = 0

  constructor(definition: StoreDefinition<K, V>, host: StoreHost, shape: ValueShape) {
    super(definition, host, shape)
    this.rows = this.packed as PackedRows
  }

  override put(_key: K, row: Row, value: V | null): void {
    const { codec } = this
    const made = codec.assign(row, value)
    row.flags |= knownFlag
    const bytes = made ?? codec.encoded(row)
    if (this.changelog.isOn) this.changelog.log(bytesOf(row.key), bytes, row.timestampMs, row.headers)
    if (codec.dropsTimestamps) row.timestampMs = -1
    this.hold(row, bytes)
  }

  override restore(records: readonly ChangelogRecord[]): void {
    for (const { key, value, timestampMs, headers } of records) {
      const row = new Row(latin1(key), hashBytes(key))
      this.codec.fromChangelog(row, value, timestampMs, headers)
      this.hold(row, value)
    }
    this.forgetLast()
  }

  override stage(into: EngineOperation[]): void {
    const { rows, prefix } = this
    for (const place of this.staged) {
      const flags = rows.flagsAt(place)
      if ((flags & staged) === 0) continue
      rows.setFlags(place, (flags & ~staged) | writing)
      const value = rows.valueLength(place) < 0 ? null : rows.pieceOfValue(place)
      into.push({ key: rows.pieceOfKey(place, prefix), value })
    }
    this.writing = this.writing.length === 0 ? this.staged : this.writing.concat(this.staged)
    this.writingBytes += this.stagedBytes
    this.staged = []
    this.stagedBytes = 0
  }

  override committed(): void {
    const { rows } = this
    for (const place of this.writing) {
      const flags = rows.flagsAt(place)
      if ((flags & writing) === 0) continue
      rows.setFlags(place, flags & ~writing)
      if ((flags & staged) === 0) this.settle(place)
    }
    this.writing = []
    this.host.pinnedBytes(-this.writingBytes)
    this.writingBytes = 0
    this.takeShare()
    rows.trim()
  }

  override rollback(): void {
    super.rollback()
    this.host.pinnedBytes(-this.stagedBytes - this.writingBytes)
    this.staged = []
    this.stagedBytes = 0
    this.writing = []
    this.writingBytes = 0
    this.ordered = null
  }

  override overlay(from: string | undefined, to: string | undefined): Row[] {
    this.ordered ??= this.heldInOrder()
    return this.ordered.slice({ from, to }).map(({ key, hash }) => this.known(new Row(key, hash)))
  }

  protected override known(row: Row): Row {
    if ((row.flags & knownFlag) !== 0) return row
    const { rows, codec } = this
    row.flags |= knownFlag
    const place = rows.find(row)
    this.found(row, place)
    if (place >= 0) codec.fromPacked(row, rows, place)
    else if (!rows.isComplete) {
      const value = this.engine.getSync(prefixed(this.prefix, row.key))
      codec.fromEngine(row, value)
      if (value === undefined) return row
      rows.put(row, value)
      this.foundRow = null
    }
    return row
  }

  /** There is no table: a row lives for one record. */
  protected override add(key: string, hash: number): Row {
    return new Row(key, hash)
  }

  /** All memory for reads is for packed rows. */
  protected override takeShare(): void {
    if (this.packed !== null) this.packed.bytesMax = this.budget.share
  }

  private found(row: Row, place: number): void {
    this.foundRow = row
    this.foundPlace = place
    this.foundMoves = this.rows.moves
  }

  /** Packs the row's new content until the engine has it. `bytes`: the bare value encoded. */
  private hold(row: Row, bytes: Uint8Array | null): void {
    const { rows, codec } = this
    const head = codec.timeBytes
    const value = bytes === null || head === 8 || codec.shape !== 'headers' ? bytes : codec.toEngine(row)
    const before = row === this.foundRow && rows.moves === this.foundMoves ? this.foundPlace : rows.find(row)
    const flags = before < 0 ? 0 : rows.flagsAt(before)
    const place = rows.reserve(row, value === null ? -1 : head + value.length, before)
    rows.write(place, value, head > 0 ? row.timestampMs : null)
    this.found(row, place)
    const now = place === before ? flags : 0
    if ((now & staged) !== 0) return
    rows.setFlags(place, now | staged)
    this.staged.push(place)
    const size = row.key.length + (value?.length ?? 0) + rowBytes
    this.stagedBytes += size
    this.host.pinnedBytes(size)
    if (flags !== 0) return
    rows.held++
    this.ordered?.insert({ key: row.key, hash: row.hash })
  }

  /** The engine has the row now. */
  private settle(place: number): void {
    const { rows } = this
    rows.held--
    const isDeleted = rows.valueLength(place) < 0
    if (!isDeleted && this.ordered === null) return
    const key = rows.keyAt(place)
    this.ordered?.remove(key)
    if (isDeleted) rows.remove({ key, hash: rows.hashAt(place) })
  }

  private heldInOrder(): SortedChunks<PackedKey> {
    const { rows } = this
    const ordered = new SortedChunks<PackedKey>()
    const seen = new Set<number>()
    for (const place of [...this.writing, ...this.staged]) {
      if (rows.flagsAt(place) === 0 || seen.has(place)) continue
      seen.add(place)
      ordered.insert({ key: rows.keyAt(place), hash: rows.hashAt(place) })
    }
    return ordered
  }
}
