/**
 * Rows of a key-value store in memory: the entry table is the store, and no engine holds a second copy.
 *
 * What a commit would make durable is remembered as the way back: for each row changed since the last commit its content
 * before, so that a rollback restores it. Key order is built when the first range is read.
 */
import type { EngineEntry, EngineOperation } from '../port/store-engine.ts'
import { KeyValueRows } from './key-value-rows.ts'
import {
  absent,
  type Content,
  contentOf,
  isPinned,
  isPresent,
  knownFlag,
  type Pending,
  Row,
  setContent,
  stagedFlag,
} from './row.ts'
import { SortedChunks } from './sorted-chunks.ts'
import { UndoLog } from './undo-log.ts'

export class MemoryRows<K, V> extends KeyValueRows<K, V> {
  private undo = new UndoLog()
  private undoWriting = new UndoLog()
  /** Rows of keys that were looked up and not there, dropped at the next commit. */
  private lookedUp: Row[] = []
  private ordered: SortedChunks<Row> | null = null

  override stage(_into: EngineOperation[]): void {
    this.writes.take([], null)
    if (this.undoWriting.size > 0) this.undoWriting.append(this.undo)
    else [this.undo, this.undoWriting] = [this.undoWriting, this.undo]
  }

  override committed(): void {
    this.undoWriting.clear()
    this.writes.committed((row) => {
      if (!isPresent(row)) this.drop(row)
    })
    for (const row of this.lookedUp) if (!isPinned(row)) this.drop(row)
    this.lookedUp = []
  }

  override async load(): Promise<void> {}

  override rollback(): void {
    for (const { row, below } of this.writes.dirty()) if (below !== null) setContent(row, below)
    this.writes.clear()
    for (const log of [this.undo, this.undoWriting]) {
      log.undo((row) => {
        if (!isPresent(row)) this.drop(row)
      })
    }
    this.forgetLast()
  }

  override overlay(from: string | undefined, to: string | undefined): Row[] {
    if (this.ordered === null) {
      this.ordered = new SortedChunks()
      const rows = [...this.table.values()].sort((one, other) => (one.key < other.key ? -1 : 1))
      for (const row of rows) this.ordered.insert(row)
    }
    return this.ordered.slice({ from, to })
  }

  override engineRange(): Iterable<EngineEntry> {
    return []
  }

  override contentBelow(row: Row): Content {
    return contentOf(row)
  }

  /** There is no ring: no row is forgotten. */
  override settled(): void {}

  override belowOf(_row: Row, pending: Pending): Content {
    return pending.below ?? absent()
  }

  protected override beforeWrite(row: Row): Content | null {
    if ((row.flags & stagedFlag) === 0) this.undo.add(row, row)
    return null
  }

  /** `before` is given for what comes out of the cache; anything else was noted by `beforeWrite`. */
  protected override applied(row: Row, before: Content | null): void {
    if (before !== null && (row.flags & stagedFlag) === 0) this.undo.add(row, before)
    super.applied(row, before)
  }

  protected override known(row: Row): Row {
    if ((row.flags & knownFlag) === 0) {
      row.flags |= knownFlag
      this.lookedUp.push(row)
    }
    return row
  }

  protected override add(key: string, hash: number): Row {
    const row = new Row(key, hash)
    this.table.insert(row)
    this.ordered?.insert(row)
    return row
  }

  protected override drop(row: Row): boolean {
    const isDropped = super.drop(row)
    if (isDropped) this.ordered?.remove(row.key)
    return isDropped
  }
}
