/**
 * Rows of windows and sessions, grouped by key: the live index.
 *
 * `primary` is the time by which a row expires and is ordered (windows: start, sessions: end), `secondary` tells rows of
 * one key and time apart (windows: sequence of duplicates, sessions: start). A key's rows lie in one array in that order,
 * so a fetch is a binary search and a walk.
 */
import type { ByteKeyed } from './byte-map.ts'
import { Row } from './row.ts'

export class KeySlot implements ByteKeyed {
  readonly key: string
  readonly hash: number
  rows: TimedRow[] = []
  /** True once a row was put that ends later and begins earlier than another: sessions that overlap. */
  isNested = false
  /** The key decoded; kept if it is a primitive. */
  userKey: unknown = undefined

  constructor(key: string, hash: number) {
    this.key = key
    this.hash = hash
  }
}

export class TimedRow extends Row {
  readonly slot: KeySlot
  readonly primary: number
  readonly secondary: number
  /** Put into the cache, which answers for it whatever the store below has dropped. */
  isCached = false
  /** No longer in its slot. */
  isGone = false

  constructor(slot: KeySlot, primary: number, secondary: number) {
    super(slot.key, slot.hash)
    this.slot = slot
    this.primary = primary
    this.secondary = secondary
  }
}

/** Index of the first row with (primary, secondary) ≥ the given. */
export function firstAt(rows: readonly TimedRow[], primary: number, secondary: number): number {
  let low = 0
  let high = rows.length
  const last = rows[high - 1]
  if (last !== undefined && before(last, primary, secondary)) return high
  while (low < high) {
    const middle = (low + high) >> 1
    if (before(rows[middle] as TimedRow, primary, secondary)) low = middle + 1
    else high = middle
  }
  return low
}

export function findRow(slot: KeySlot, primary: number, secondary: number): TimedRow | undefined {
  const row = slot.rows[firstAt(slot.rows, primary, secondary)]
  return row !== undefined && row.primary === primary && row.secondary === secondary ? row : undefined
}

export function insertRow(row: TimedRow): void {
  const { rows } = row.slot
  const at = firstAt(rows, row.primary, row.secondary)
  if (at > 0 && (rows[at - 1] as TimedRow).secondary > row.secondary) row.slot.isNested = true
  if (at === rows.length) {
    rows.push(row)
    return
  }
  if ((rows[at] as TimedRow).secondary < row.secondary) row.slot.isNested = true
  rows.splice(at, 0, row)
}

function before(row: TimedRow, primary: number, secondary: number): boolean {
  return row.primary < primary || (row.primary === primary && row.secondary < secondary)
}
