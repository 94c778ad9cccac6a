/**
 * When rows of windows and sessions are too old: retention by stream time, and the segments in which they are let go.
 *
 * Visible is what is younger than the greatest time put minus the retention. Dropped is by segment: a disk store still
 * takes (silently, never to be seen) what belongs to a segment that is not wholly expired; a memory store refuses at once.
 */
import type { StoreDefinition } from './definition.ts'
import type { TimedRow } from './timed-row.ts'

/** Rows of one stretch of time. */
interface Segment {
  rows: TimedRow[]
  gone: number
}

const intervalMin = 60_000
const perBatchMin = 2_000

/** How many of these expired rows the next batch deletes: some thousands, or a quarter when there are many. */
export function expiredShare(count: number): number {
  return Math.min(count, Math.max(perBatchMin, Math.ceil(count / 4)))
}

export class Expiry {
  /** Greatest time put into the store below the cache, −1 at first. */
  observedMs = -1
  readonly retentionMs: number
  /** Kafka's segments: they decide what a disk store refuses, and the order of iteration. */
  readonly intervalMs: number
  private readonly refusesAtOnce: boolean
  /** Kafka's time-ordered window stores on disk still show the row that is exactly as old as the retention. */
  private readonly boundaryMs: number
  private readonly segments = new Map<number, Segment>()
  private oldest = Infinity
  private readonly engineIntervalMs: number

  constructor(definition: StoreDefinition<never, never>) {
    this.retentionMs = definition.retentionMs ?? 0
    this.intervalMs = definition.segmentIntervalMs ?? Math.max(Math.floor(this.retentionMs / 2), intervalMin)
    this.engineIntervalMs = Math.max(this.intervalMs, intervalMin)
    this.refusesAtOnce = definition.type === 'memory'
    const isWindow = definition.kind !== 'session' && definition.kind !== 'headers-session'
    this.boundaryMs = definition.timeOrdered === true && isWindow && definition.type === 'disk' ? 1 : 0
  }

  /** Rows at or before this time are not seen. */
  get expiredMs(): number {
    return this.observedMs - this.retentionMs - this.boundaryMs
  }

  /** True when the store below refuses a row of this time. */
  refuses(timeMs: number): boolean {
    if (this.refusesAtOnce) return timeMs <= this.expiredMs
    const liveMs = this.observedMs - this.retentionMs
    return Math.floor(timeMs / this.intervalMs) < Math.floor(liveMs / this.intervalMs)
  }

  /** Number of the segment in engine keys. */
  engineSegment(timeMs: number): number {
    return Math.floor(timeMs / this.engineIntervalMs)
  }

  add(row: TimedRow): void {
    const id = this.engineSegment(row.primary)
    const segment = this.segments.get(id)
    if (segment === undefined) {
      this.segments.set(id, { rows: [row], gone: 0 })
      if (id < this.oldest) this.oldest = id
    } else {
      segment.rows.push(row)
    }
  }

  /** The row left its slot: it is forgotten when enough have gone. */
  remove(row: TimedRow): void {
    row.isGone = true
    const segment = this.segments.get(this.engineSegment(row.primary))
    if (segment === undefined) return
    segment.gone++
    if (segment.gone < 64 || segment.gone * 2 < segment.rows.length) return
    segment.rows = segment.rows.filter((other) => !other.isGone)
    segment.gone = 0
  }

  /** Stream time moved: takes the rows of every wholly expired segment. */
  takeExpired(): TimedRow[] | null {
    const live = Math.floor((this.expiredMs + 1) / this.engineIntervalMs)
    if (live <= this.oldest) return null
    const rows: TimedRow[] = []
    let oldest = Infinity
    for (const [id, segment] of this.segments) {
      if (id >= live) {
        if (id < oldest) oldest = id
        continue
      }
      for (const row of segment.rows) if (!row.isGone) rows.push(row)
      this.segments.delete(id)
    }
    this.oldest = oldest
    return rows
  }

  /** Rows of the segments that reach into [fromMs, toMs], unordered. */
  *rowsBetween(fromMs: number, toMs: number): Generator<TimedRow> {
    const first = this.engineSegment(fromMs)
    const last = this.engineSegment(toMs)
    for (const [id, segment] of this.segments) {
      if (id < first || id > last) continue
      for (const row of segment.rows) if (!row.isGone) yield row
    }
  }

  clear(): void {
    this.observedMs = -1
    this.oldest = Infinity
    this.segments.clear()
  }
}
