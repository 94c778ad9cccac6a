/**
 * When rows of windows and sessions are too old: retention by stream time, and the steps in which they are let go.
 *
 * Visible is what is younger than the greatest time put minus the retention. Refused is by Kafka's segments: a disk store
 * still takes (silently, never to be seen) what belongs to a segment that is not wholly expired; a memory store refuses at
 * once. Let go, in memory and with the next batch in the engine, is by steps, never longer than a segment: a store holds
 * the rows of its retention and of one step.
 */
import type { StoreDefinition } from './definition.ts'
import type { TimedRow } from './timed-row.ts'

/** Rows of one step. */
interface Step {
  rows: TimedRow[]
  gone: number
}

const intervalMin = 60_000
/** A window store lets rows go in steps of this share of its retention, which is finer than Kafka's segments. */
const stepShare = 1 / 8
const stepMin = 1_000
const perBatchMin = 20_000

/** How many of these expired rows the next batch deletes: all, or half when there are very many, lest one batch stall. */
export function expiredShare(count: number): number {
  return Math.min(count, Math.max(perBatchMin, Math.ceil(count / 2)))
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
  private readonly steps = new Map<number, Step>()
  private oldest = Infinity
  /** Everything before this step has been let go. */
  private liveStep = -Infinity
  private readonly engineIntervalMs: number
  /** Rows are let go in steps of this length. Sessions by Kafka's segments: emit on close still finds them there. */
  private readonly stepMs: number

  constructor(definition: StoreDefinition<never, never>) {
    this.retentionMs = definition.retentionMs ?? 0
    this.intervalMs = definition.segmentIntervalMs ?? Math.max(Math.floor(this.retentionMs / 2), intervalMin)
    this.engineIntervalMs = Math.max(this.intervalMs, intervalMin)
    this.refusesAtOnce = definition.type === 'memory'
    const isWindow = definition.kind !== 'session' && definition.kind !== 'headers-session'
    const stepMs = Math.max(Math.floor(this.retentionMs * stepShare), stepMin)
    this.stepMs = isWindow ? Math.min(stepMs, this.engineIntervalMs) : this.engineIntervalMs
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
    // Towards 0, as Kafka divides: times before 0 belong to the segment of 0.
    return Math.trunc(timeMs / this.intervalMs) < Math.trunc(liveMs / this.intervalMs)
  }

  /** Number of the segment in engine keys. */
  engineSegment(timeMs: number): number {
    return Math.floor(timeMs / this.engineIntervalMs)
  }

  /** True when rows of this time have been let go and need not be in the engine. */
  isLetGo(timeMs: number): boolean {
    return this.stepOf(timeMs) < this.liveStep
  }

  add(row: TimedRow): void {
    const id = this.stepOf(row.primary)
    const step = this.steps.get(id)
    if (step === undefined) {
      this.steps.set(id, { rows: [row], gone: 0 })
      if (id < this.oldest) this.oldest = id
    } else {
      step.rows.push(row)
    }
  }

  /** The row left its slot: it is forgotten when enough have gone. */
  remove(row: TimedRow): void {
    row.isGone = true
    const step = this.steps.get(this.stepOf(row.primary))
    if (step === undefined) return
    step.gone++
    if (step.gone < 64 || step.gone * 2 < step.rows.length) return
    step.rows = step.rows.filter((other) => !other.isGone)
    step.gone = 0
  }

  /** Stream time moved: takes the rows of every wholly expired step. */
  takeExpired(): TimedRow[] | null {
    const live = Math.floor((this.expiredMs + 1) / this.stepMs)
    if (live > this.liveStep) this.liveStep = live
    if (live <= this.oldest) return null
    const rows: TimedRow[] = []
    let oldest = Infinity
    for (const [id, step] of this.steps) {
      if (id >= live) {
        if (id < oldest) oldest = id
        continue
      }
      for (const row of step.rows) if (!row.isGone) rows.push(row)
      this.steps.delete(id)
    }
    this.oldest = oldest
    return rows
  }

  /** Rows of the steps that reach into [fromMs, toMs], unordered. */
  *rowsBetween(fromMs: number, toMs: number): Generator<TimedRow> {
    const first = this.stepOf(fromMs)
    const last = this.stepOf(toMs)
    for (const [id, step] of this.steps) {
      if (id < first || id > last) continue
      for (const row of step.rows) if (!row.isGone) yield row
    }
  }

  private stepOf(timeMs: number): number {
    return Math.floor(timeMs / this.stepMs)
  }

  clear(): void {
    this.observedMs = -1
    this.oldest = Infinity
    this.liveStep = -Infinity
    this.steps.clear()
  }
}
