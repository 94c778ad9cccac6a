/**
 * Listings in which Kafka's merge of cache and store goes astray, exactly as Kafka answers them.
 *
 * `fetchKeys` of a cached disk window store with an open end: Kafka walks its cache segment by segment, and with a missing bound each step starts (or ends) at the edge of the whole
 * cache: entries come once per segment walked, out of order, and are merged with the store's rows as if they were in order.
 * The result has duplicates. It is deterministic, so it is kept; with both bounds the cache adds nothing unusual.
 */
import { latin1 } from './key-bytes.ts'
import { isPresent } from './row.ts'
import { type Listing, listRows, orderText } from './timed-range.ts'
import type { TimedRow } from './timed-row.ts'
import type { TimedRows } from './timed-rows.ts'

interface Item {
  readonly row: TimedRow
  readonly segment: number
  readonly text: string
}

/** Rows in the order, and as often, as Kafka lists them. `listing` has the order `segment` and one bound or none. */
export function listOpenKeyRange<K, V>(rows: TimedRows<K, V>, listing: Listing): TimedRow[] {
  const item = (row: TimedRow): Item => itemOf(rows, row, rows.expiry.intervalMs)
  const below = listRows(rows, { ...listing, layer: 'below' }).map(item)
  return merge(cachedItems(rows, listing, item), below, listing.reverse)
}

/**
 * Sessions of a cached memory store: its cache has sessions of one key and end by start, the store the other way round, and
 * the merge trusts both.
 */
export function listCachedMemorySessions<K, V>(rows: TimedRows<K, V>, listing: Listing): TimedRow[] {
  const item = (row: TimedRow): Item => itemOf(rows, row, 1)
  const cached = listRows(rows, { ...listing, order: 'time', layer: 'cache' }).map(item)
  return merge(cached, listRows(rows, { ...listing, layer: 'below' }).map(item), listing.reverse)
}

function itemOf<K, V>(rows: TimedRows<K, V>, row: TimedRow, intervalMs: number): Item {
  return { row, segment: Math.floor(row.primary / intervalMs), text: orderText(rows, row) }
}

function cachedItems<K, V>(rows: TimedRows<K, V>, listing: Listing, item: (row: TimedRow) => Item): Item[] {
  const all: Listing = { ...listing, fromKey: null, toKey: null, fromMs: -Infinity, toMs: Infinity, layer: 'cache' }
  const cached = listRows(rows, all).map(item)
  const segmentOf = (timeMs: number): number => Math.trunc(timeMs / rows.expiry.intervalMs)
  const last = segmentOf(Math.min(listing.toMs, rows.newestCachedMs))
  const first = segmentOf(listing.fromMs)
  const from = listing.fromKey === null ? null : latin1(listing.fromKey)
  const to = listing.toKey === null ? null : latin1(listing.toKey)
  const walked: Item[] = []
  const walk = (segment: number): void => {
    for (const entry of cached) {
      const { key, primary } = entry.row
      if (from !== null && (entry.segment < segment || key < from)) continue
      if (to !== null && (entry.segment > segment || key > to)) continue
      if (primary >= listing.fromMs && primary <= listing.toMs) walked.push(entry)
    }
  }
  if (listing.reverse) for (let segment = last; segment >= Math.min(first, last); segment--) walk(segment)
  else for (let segment = first; segment <= Math.max(first, last); segment++) walk(segment)
  return walked
}

/** Kafka's merge of cache and store, which trusts both to be in order. Deleted cache entries hide the row beside them. */
function merge(cached: readonly Item[], below: readonly Item[], reverse: boolean): TimedRow[] {
  const merged: TimedRow[] = []
  let c = 0
  let b = 0
  for (;;) {
    while (cached[c] !== undefined && !isPresent((cached[c] as Item).row)) {
      if (below[b] !== undefined && compare(cached[c] as Item, below[b] as Item) === 0) b++
      c++
    }
    const fromCache = cached[c]
    const fromBelow = below[b]
    if (fromCache === undefined && fromBelow === undefined) return merged
    const both = fromCache !== undefined && fromBelow !== undefined
    const order = both ? compare(fromCache, fromBelow) * (reverse ? -1 : 1) : fromCache === undefined ? 1 : -1
    if (order > 0) merged.push((below[b++] as Item).row)
    else {
      merged.push((cached[c++] as Item).row)
      if (order === 0) b++
    }
  }
}

function compare(one: Item, other: Item): number {
  return one.segment - other.segment || (one.text < other.text ? -1 : one.text > other.text ? 1 : 0)
}
