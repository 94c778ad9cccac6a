/**
 * The way back from what a memory store has changed: contents of rows before their first change since a commit.
 *
 * Columns instead of objects: an entry lives until the commit, long enough for the garbage collector to copy it twice, and
 * there is one for every row that a commit interval touches.
 */
import type { Headers } from '../record/headers.ts'
import type { Content, Row } from './row.ts'

export class UndoLog {
  size = 0
  private readonly rows: (Row | null)[] = []
  private readonly bytes: (Uint8Array | null)[] = []
  private readonly values: unknown[] = []
  private readonly timestampsMs: number[] = []
  private readonly headers: (Headers | null)[] = []

  /** Notes what a row held; it is copied. */
  add(row: Row, before: Content): void {
    const at = this.size++
    this.rows[at] = row
    this.bytes[at] = before.bytes
    this.values[at] = before.value
    this.timestampsMs[at] = before.timestampMs
    this.headers[at] = before.headers
  }

  /** Adds the entries of a later log, and clears that. */
  append(later: UndoLog): void {
    for (let i = 0; i < later.size; i++) {
      const at = this.size++
      this.rows[at] = later.rows[i] as Row
      this.bytes[at] = later.bytes[i] as Uint8Array | null
      this.values[at] = later.values[i]
      this.timestampsMs[at] = later.timestampsMs[i] as number
      this.headers[at] = later.headers[i] as Headers
    }
    later.clear()
  }

  /** Sets all rows back, last change first, and forgets the changes. */
  undo(restored: (row: Row) => void): void {
    for (let i = this.size - 1; i >= 0; i--) {
      const row = this.rows[i] as Row
      row.bytes = this.bytes[i] as Uint8Array | null
      row.value = this.values[i]
      row.timestampMs = this.timestampsMs[i] as number
      row.headers = this.headers[i] as Headers
      restored(row)
    }
    this.clear()
  }

  /** Forgets the changes; the memory of the columns is kept for the next ones. */
  clear(): void {
    this.rows.fill(null, 0, this.size)
    this.bytes.fill(null, 0, this.size)
    this.values.fill(null, 0, this.size)
    this.headers.fill(null, 0, this.size)
    this.size = 0
  }
}
