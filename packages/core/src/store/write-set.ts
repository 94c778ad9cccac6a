/**
 * What a store has written and the engine does not hold yet: dirty rows in the order of their last put, rows staged for
 * the next batch, rows of the batch being written. Counts their bytes for the task's limit.
 */
import type { EngineOperation } from '../port/store-engine.ts'
import type { StoreHost } from './host.ts'
import { dirtyFlag, pinnedFlags, type Row, rowBytes, stagedFlag, writingFlag } from './row.ts'
import { SortedChunks } from './sorted-chunks.ts'

export class WriteSet<R extends Row> {
  /** Estimated bytes of dirty rows. */
  dirtyBytes = 0
  dirtyCount = 0
  private readonly host: StoreHost
  private head: R | null = null
  private tail: R | null = null
  private staged: R[] = []
  private writing: R[] = []
  /** Pinned rows by key; kept only once a range was read. */
  private ordered: SortedChunks<R> | null = null

  constructor(host: StoreHost) {
    this.host = host
  }

  /** The row has a new value in the cache: it is the last one to be flushed. */
  markDirty(row: R): void {
    if ((row.flags & dirtyFlag) !== 0) {
      if (row !== this.tail) {
        this.unlink(row)
        this.append(row)
      }
      this.dirtyBytes -= row.pinnedBytes
    } else {
      row.flags |= dirtyFlag
      this.dirtyCount++
      this.append(row)
    }
    this.pin(row)
    this.dirtyBytes += row.pinnedBytes
  }

  /** Takes the row whose last put is the oldest out of the dirty ones. The caller stages it or settles it. */
  shiftDirty(): R | null {
    const row = this.head
    if (row !== null) this.settleDirty(row)
    return row
  }

  /** The row goes into the next batch. */
  stage(row: R): void {
    if ((row.flags & stagedFlag) === 0) {
      row.flags |= stagedFlag
      this.staged.push(row)
    }
    this.pin(row)
  }

  /** Moves staged rows to `writing`, one operation each. */
  take(into: EngineOperation[], operation: (row: R) => EngineOperation): void {
    for (const row of this.staged) {
      into.push(operation(row))
      row.flags = (row.flags & ~stagedFlag) | writingFlag
    }
    this.writing = this.writing.length === 0 ? this.staged : this.writing.concat(this.staged)
    this.staged = []
  }

  /** The batch was written: its rows are clean unless they were changed again. `settled` is told of those that are. */
  committed(settled: (row: R) => void): void {
    const rows = this.writing
    this.writing = []
    for (const row of rows) {
      row.flags &= ~writingFlag
      if ((row.flags & pinnedFlags) === 0) {
        this.unpin(row)
        settled(row)
      }
    }
  }

  /** A row that is no longer dirty and was not staged either: a deletion that had nothing to delete. */
  settle(row: R): void {
    if ((row.flags & pinnedFlags) === 0) this.unpin(row)
  }

  /** Forgets everything (the rows are dropped by the caller). */
  clear(): void {
    let freed = 0
    const pinned = this.pinned()
    for (const row of pinned) {
      freed += row.pinnedBytes
      row.pinnedBytes = 0
      row.flags &= ~pinnedFlags
      row.previous = null
      row.next = null
    }
    this.host.pinnedBytes(-freed)
    this.head = null
    this.tail = null
    this.dirtyBytes = 0
    this.dirtyCount = 0
    this.staged = []
    this.writing = []
    this.ordered?.clear()
  }

  /** Every pinned row once, in no particular order. */
  pinned(): Set<R> {
    const rows = new Set<R>(this.writing)
    for (const row of this.staged) rows.add(row)
    for (let row = this.head; row !== null; row = row.next as R | null) rows.add(row)
    return rows
  }

  /** Pinned rows of a range of keys, ascending; `to` exclusive. */
  pinnedRange(from: string | undefined, to: string | undefined): R[] {
    if (this.ordered === null) {
      this.ordered = new SortedChunks<R>()
      for (const row of this.pinned()) this.ordered.insert(row)
    }
    return this.ordered.slice({ from, to })
  }

  private pin(row: R): void {
    const bytes = rowBytes(row)
    const delta = bytes - row.pinnedBytes
    if (row.pinnedBytes === 0) this.ordered?.insert(row)
    row.pinnedBytes = bytes
    if (delta !== 0) this.host.pinnedBytes(delta)
  }

  private unpin(row: R): void {
    this.host.pinnedBytes(-row.pinnedBytes)
    row.pinnedBytes = 0
    this.ordered?.remove(row.key)
  }

  private settleDirty(row: R): void {
    this.unlink(row)
    row.flags &= ~dirtyFlag
    this.dirtyCount--
    this.dirtyBytes -= row.pinnedBytes
  }

  private append(row: R): void {
    row.previous = this.tail
    row.next = null
    if (this.tail === null) this.head = row
    else this.tail.next = row
    this.tail = row
  }

  private unlink(row: R): void {
    const previous = row.previous as R | null
    const next = row.next as R | null
    if (previous === null) this.head = next
    else previous.next = next
    if (next === null) this.tail = previous
    else next.previous = previous
    row.previous = null
    row.next = null
  }
}
