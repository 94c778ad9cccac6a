/**
 * Which clean rows to forget when there are too many: a clock hand passes over the rows of a store, spares those used since
 * its last round, and drops the first other one. Pinned rows that it meets leave the ring; they come back when they are
 * clean. When it finds none within a bounded number of steps the ring grows instead of spinning.
 */
import { isPinned, type Row, usedFlag } from './row.ts'

const stepsMax = 64

export class ClockRing<R extends Row> {
  private readonly rows: R[] = []
  private hand = 0

  get size(): number {
    return this.rows.length
  }

  /** Adds a row that is not in the ring. */
  add(row: R): void {
    row.place = this.rows.length
    this.rows.push(row)
  }

  remove(row: R): void {
    const { rows } = this
    const last = rows.pop()
    if (last !== undefined && last !== row) {
      rows[row.place] = last
      last.place = row.place
    }
    row.place = -1
  }

  /** Takes one row out that may be forgotten; null when none was found now. */
  evict(): R | null {
    const { rows } = this
    for (let step = 0; step < stepsMax; step++) {
      if (this.hand >= rows.length) this.hand = 0
      const row = rows[this.hand]
      if (row === undefined) return null
      if (isPinned(row)) {
        this.remove(row)
      } else if ((row.flags & usedFlag) === 0) {
        this.remove(row)
        return row
      } else {
        row.flags &= ~usedFlag
        this.hand++
      }
    }
    return null
  }

  clear(): void {
    this.rows.length = 0
    this.hand = 0
  }
}
