/**
 * When results of closed windows come out, for aggregations that emit only then (KIP-825).
 *
 * A record may close windows: those between the close time of the last emission and the one it brings. The store is
 * asked at most once per interval of wall-clock time (`__emit.interval.ms.kstreams.windowed.aggregation__`, 1 s unless
 * set), and only if the close time has moved. What was emitted is kept with the store, so that a restart emits nothing
 * twice.
 */
import type { OperatorContext } from '../processor/processor.ts'
import type { KeepsTime } from '../store/store.ts'

/** Whether an aggregation emits each update, or each window once when it has closed. */
export type EmitStrategy = 'update' | 'close'

const intervalProperty = '__emit.interval.ms.kstreams.windowed.aggregation__'
const defaultIntervalMs = 1000

/** One per processor that emits on close. */
export class CloseSchedule {
  private readonly context: OperatorContext<never, never>
  private readonly kept: KeepsTime
  private readonly intervalMs: number
  private nextMs = 0

  constructor(context: OperatorContext<never, never>, kept: KeepsTime) {
    this.context = context
    this.kept = kept
    this.intervalMs = Number(context.config(intervalProperty) ?? defaultIntervalMs)
  }

  /** Close time of the last emission, −1 before the first. */
  get lastEmittedMs(): number {
    return this.kept.lastEmittedMs
  }

  /** True when the store is to be asked now. Takes the turn of this interval, also when the close time did not move. */
  isDue(closeTimeMs: number): boolean {
    const nowMs = this.context.currentSystemTimeMs()
    if (nowMs < this.nextMs) return false
    this.nextMs = nowMs + this.intervalMs
    const last = this.kept.lastEmittedMs
    return last === -1 || last < closeTimeMs
  }

  /** Call after emitting: windows up to this close time are done. */
  emitted(closeTimeMs: number, count: number): void {
    if (count > 0) this.context.count('window-aggregate-final-emit-total', count)
    this.kept.lastEmittedMs = closeTimeMs
  }
}
