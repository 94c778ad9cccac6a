/**
 * What a store has written and the engine does not hold yet: dirty rows in the order of their last put, rows staged for
 * the next batch, rows of the batch being written. Counts their bytes for the task's limit.
 */
import type { EngineOperation } from '../port/store-engine.ts'
import type { StoreHost } from './host.ts'
import { type Content, isPinned, Pending, type Row, rowBytes, stagedFlag, writingFlag } from './row.ts'
import { SortedChunks } from './sorted-chunks.ts'

export class WriteSet<R extends Row> {
  /** Estimated bytes of dirty rows. */
  dirtyBytes = 0
  dirtyCount = 0
  private readonly host: StoreHost
  private head: Pending | null = null
  private tail: Pending | null = null
  private staged: R[] = []
  private stagedBytes = 0
  private writing: R[] = []
  private writingBytes = 0
  /** Pinned rows by key; kept only once a range was read. */
  private ordered: SortedChunks<R> | null = null

  constructor(host: StoreHost) {
    this.host = host
  }

  /** The row has a new value in the cache: it is the last one to be flushed. `below` counts only if it was not dirty. */
  markDirty(row: R, below: Content | null): Pending {
    let pending = row.pending
    if (pending === null) {
      pending = new Pending(row, below)
      row.pending = pending
      this.dirtyCount++
      this.append(pending)
      this.ordered?.insert(row)
    } else if (pending !== this.tail) {
      this.unlink(pending)
      this.append(pending)
    }
    const bytes = rowBytes(row)
    this.dirtyBytes += bytes - pending.bytes
    if (bytes !== pending.bytes) this.host.pinnedBytes(bytes - pending.bytes)
    pending.bytes = bytes
    return pending
  }

  /** Takes the row whose last put is the oldest out of the dirty ones. The caller stages it, or calls `settle`. */
  shiftDirty(): Pending | null {
    const pending = this.head
    if (pending === null) return null
    this.unlink(pending)
    pending.row.pending = null
    this.dirtyCount--
    this.dirtyBytes -= pending.bytes
    this.host.pinnedBytes(-pending.bytes)
    return pending
  }

  /** The row is no longer dirty: there is nothing to flush. */
  dropDirty(row: R): void {
    const { pending } = row
    if (pending === null) return
    this.unlink(pending)
    row.pending = null
    this.dirtyCount--
    this.dirtyBytes -= pending.bytes
    this.host.pinnedBytes(-pending.bytes)
    this.settle(row)
  }

  /** The row goes into the next batch. @returns false if it was already in it */
  stage(row: R): boolean {
    if ((row.flags & stagedFlag) !== 0) return false
    row.flags |= stagedFlag
    this.staged.push(row)
    const bytes = rowBytes(row)
    this.stagedBytes += bytes
    this.host.pinnedBytes(bytes)
    this.ordered?.insert(row)
    return true
  }

  /** Moves staged rows to `writing`; `operation` gives what the batch does for each; null, there or
   * altogether, = nothing. */
  take(into: EngineOperation[], operation: ((row: R) => EngineOperation | null) | null): void {
    const rows = this.staged
    for (const row of rows) {
      const wanted = operation === null ? null : operation(row)
      if (wanted !== null) into.push(wanted)
      row.flags = (row.flags & ~stagedFlag) | writingFlag
    }
    this.writing = this.writing.length === 0 ? rows : this.writing.concat(rows)
    this.writingBytes += this.stagedBytes
    this.staged = []
    this.stagedBytes = 0
  }

  /** The batch was written: its rows are clean unless they were changed again. `settled` is told of those that are. */
  committed(settled: (row: R) => void): void {
    const rows = this.writing
    this.writing = []
    this.host.pinnedBytes(-this.writingBytes)
    this.writingBytes = 0
    for (const row of rows) {
      row.flags &= ~writingFlag
      if (isPinned(row)) continue
      this.ordered?.remove(row.key)
      settled(row)
    }
  }

  /** A row that is no longer dirty and was not staged either: a deletion that had nothing to delete. */
  settle(row: R): void {
    if (!isPinned(row)) this.ordered?.remove(row.key)
  }

  /** Forgets everything; what the rows hold is the caller's business. */
  clear(): void {
    for (const row of this.staged) row.flags &= ~stagedFlag
    for (const row of this.writing) row.flags &= ~writingFlag
    while (this.shiftDirty() !== null);
    this.host.pinnedBytes(-this.stagedBytes - this.writingBytes)
    this.stagedBytes = 0
    this.writingBytes = 0
    this.staged = []
    this.writing = []
    this.ordered?.clear()
  }

  /** Dirty rows, oldest put first. */
  *dirty(): Generator<Pending> {
    for (let pending = this.head; pending !== null; pending = pending.next) yield pending
  }

  /** Pinned rows of a range of keys, ascending; `to` exclusive. */
  pinnedRange(from: string | undefined, to: string | undefined): R[] {
    if (this.ordered === null) {
      this.ordered = new SortedChunks<R>()
      for (const row of this.writing) this.ordered.insert(row)
      for (const row of this.staged) this.ordered.insert(row)
      for (const pending of this.dirty()) this.ordered.insert(pending.row as R)
    }
    return this.ordered.slice({ from, to })
  }

  private append(pending: Pending): void {
    pending.previous = this.tail
    pending.next = null
    if (this.tail === null) this.head = pending
    else this.tail.next = pending
    this.tail = pending
  }

  private unlink(pending: Pending): void {
    const { previous, next } = pending
    if (previous === null) this.head = next
    else previous.next = next
    if (next === null) this.tail = previous
    else next.previous = previous
    pending.previous = null
    pending.next = null
  }
}
