/**
 * Listings over several keys of a window or session store, in Kafka's order.
 *
 * | store | order |
 * |---|---|
 * | disk | segment after segment, inside one by the bytes of `key ‖ time ‖ …` |
 * | memory | by time, then key (sessions of one key and end: latest start first) |
 * | disk, time-ordered (emit on close): listings without a key range | by time, then key |
 *
 * What is listed is decided when the listing is made, so a processor may change the store while it iterates.
 */
import { latin1 } from './key-bytes.ts'
import { isPresent } from './row.ts'
import type { TimedRow } from './timed-row.ts'
import type { TimedRows } from './timed-rows.ts'

export type ListingOrder = 'segment' | 'time' | 'session-time'

/** Which rows: bounds of key bytes and of the primary time, all inclusive. */
export interface Listing {
  readonly fromKey: Uint8Array | null
  readonly toKey: Uint8Array | null
  readonly fromMs: number
  readonly toMs: number
  readonly order: ListingOrder
  readonly reverse: boolean
  /** Sessions: greatest start. */
  readonly secondaryMax?: number
  /**
   * Only rows of the store below the cache, only those put into the cache (deleted ones too), or all that are there, also
   * older than the retention; default what readers see.
   */
  readonly layer?: 'below' | 'cache' | 'kept'
  /** The rows of one key, when only they are asked for. */
  readonly among?: readonly TimedRow[]
}

/** The visible rows of a listing, in order. */
export function listRows<K, V>(rows: TimedRows<K, V>, listing: Listing): TimedRow[] {
  const from = listing.fromKey === null ? null : latin1(listing.fromKey)
  const to = listing.toKey === null ? null : latin1(listing.toKey)
  if (from !== null && to !== null && from > to) return []
  const found: { readonly row: TimedRow; readonly segment: number; readonly text: string }[] = []
  const secondaryMax = listing.secondaryMax ?? Infinity
  const interval = rows.expiry.intervalMs
  for (const row of listing.among ?? rows.rowsBetween(listing.fromMs, listing.toMs)) {
    if (row.primary < listing.fromMs || row.primary > listing.toMs || row.secondary > secondaryMax) continue
    if ((from !== null && row.key < from) || (to !== null && row.key > to) || !isListed(rows, row, listing.layer))
      continue
    const segment = listing.order === 'segment' ? Math.floor(row.primary / interval) : row.primary
    found.push({ row, segment, text: listing.order === 'segment' ? orderText(rows, row) : row.key })
  }
  const sign = listing.order === 'session-time' ? -1 : 1
  found.sort(
    (one, other) =>
      one.segment - other.segment || compare(one.text, other.text) || (one.row.secondary - other.row.secondary) * sign,
  )
  const ordered = found.map((item) => item.row)
  return listing.reverse ? ordered.reverse() : ordered
}

/** What rows of one segment are ordered by. */
export function orderText<K, V>(rows: TimedRows<K, V>, row: TimedRow): string {
  return latin1(rows.layout.changelogKey(row.key, row.primary, row.secondary))
}

function isListed<K, V>(rows: TimedRows<K, V>, row: TimedRow, layer: Listing['layer']): boolean {
  if (layer === undefined) return rows.isVisible(row)
  if (layer === 'kept') return isPresent(row)
  return layer === 'below' ? rows.isVisibleBelow(row) : row.isCached
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
