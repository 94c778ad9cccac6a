/**
 * One side of a windowed join of two streams: a record meets what the other side's store holds around its time.
 *
 * Inner results come out at once. A record of an outer side without a match waits in a buffer that both sides share,
 * until the join window and grace have passed on both inputs together (KIP-633); a match in the meantime takes it
 * out. The buffer is looked at only when a record at the current stream time comes, at most once per interval of
 * wall-clock time. A record whose window has already passed does not wait, grace or not, as in Kafka. The node before
 * this one puts the record into this side's store after it was joined (`storeForJoin`).
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type {
  JoinSide,
  OuterJoinBuffer,
  StateStore,
  UnmatchedRecord,
  ValueAndTimestamp,
  WindowStore,
} from '../store/store.ts'
import type { JoinWindows } from '../window/join-windows.ts'
import type { Joiner } from './functions.ts'
import { keepsRecords } from './join-store.ts'
import type { JoinTracker, JoinTrackers } from './join-tracker.ts'
import { sameKey } from './same-key.ts'
import { keepTime } from './stream-time.ts'
import { undefinedResult } from './undefined-result.ts'

/** What both sides of a join have in common; give the same object to both. */
export interface StreamJoin<K, L, R, VOut> {
  readonly windows: JoinWindows
  /** Null for a side that has no match; never null on both sides. */
  readonly joiner: Joiner<K, L | null, R | null, VOut>
  /** Buffer of unmatched records; null for inner joins, and not used by eager windows. */
  readonly buffer: string | null
  readonly trackers: JoinTrackers
}

/** One side of it. */
export interface StreamJoinSide<K, L, R, VOut> extends StreamJoin<K, L, R, VOut> {
  readonly side: JoinSide
  /** True: records of this side come out even without a match. */
  readonly outer: boolean
  /** Window store of the other side, with duplicates. */
  readonly otherStore: string
}

/**
 * Supplier of the node of one side. A null value is dropped and counted; so is a null key, except on an outer side,
 * where it comes out at once without a match (KIP-962). The result's time is the greater of both.
 *
 * Units: window and grace in ms; only records of the key within the window are looked at. Errors: what the joiner
 * throws goes to the processing handler.
 *
 * @see Kafka Streams `KStreamKStreamJoin`; left and outer: KIP-633
 * @example
 * run(
 *   ({ texts, numbers }) => texts.leftJoin(numbers, (text, n) => `${text} ${n ?? '-'}`, { within: 10 }),
 *   ['texts', 'a', 'x', 0],
 *   ['numbers', 'a', 1, 8],
 *   ['texts', 'b', 'alone', 9],
 *   ['numbers', 'c', 2, 100],
 * )
 * // → [["a","x 1"],["b","alone -"]]
 */
export function joinStreams<K, L, R, VOut>(options: StreamJoinSide<K, L, R, VOut>): () => Processor<K, L | R, K, VOut> {
  return () => new JoinStreams(options)
}

class JoinStreams<K, L, R, VOut> implements Processor<K, L | R, K, VOut> {
  private readonly options: StreamJoinSide<K, L, R, VOut>
  private readonly isLeft: boolean
  private readonly otherSide: JoinSide
  private readonly beforeMs: number
  private readonly afterMs: number
  private context!: OperatorContext<K, VOut>
  private other!: WindowStore<K, L | R | ValueAndTimestamp<L | R>>
  private keepsRecords = false
  private buffer: OuterJoinBuffer<K, L, R> | null = null
  private tracker!: JoinTracker

  constructor(options: StreamJoinSide<K, L, R, VOut>) {
    const { windows, side } = options
    this.options = options
    this.isLeft = side === 'left'
    this.otherSide = this.isLeft ? 'right' : 'left'
    // Seen from the right, a left partner may lie as far ahead as the window reaches back.
    this.beforeMs = this.isLeft ? windows.beforeMs : windows.afterMs
    this.afterMs = this.isLeft ? windows.afterMs : windows.beforeMs
  }

  init(context: ProcessorContext<K, VOut>): void {
    this.context = context as OperatorContext<K, VOut>
    this.other = this.context.getStateStore<StateStore>(this.options.otherStore) as typeof this.other
    this.keepsRecords = keepsRecords(this.context, this.options.otherStore)
    this.tracker = this.options.trackers.of(this.context)
    if (this.options.buffer === null || this.options.windows.eager) return
    this.buffer = this.context.getStateStore<StateStore>(this.options.buffer) as OuterJoinBuffer<K, L, R>
    this.tracker.configure(this.context)
    this.restoreStreamTime(this.buffer.observedStreamTimeMs)
  }

  /** Continues where an earlier run stopped: what was due then is due now. */
  restoreStreamTime(timestampMs: number): void {
    this.tracker.advance(timestampMs)
  }

  close(): void {
    this.options.trackers.forget(this.context)
  }

  process(record: StreamRecord<K, L | R>): void {
    const { key, value, timestampMs } = record
    const { tracker, buffer } = this
    if (timestampMs > tracker.streamTimeMs) {
      tracker.advance(timestampMs)
      if (buffer !== null) keepTime(buffer, timestampMs)
    }
    if (value === null || value === undefined) {
      this.context.droppedRecord('null key or value')
      return
    }
    if (key === null || key === undefined) {
      if (this.options.outer) this.forwardUnmatched(record)
      else this.context.droppedRecord('null key or value')
      return
    }
    if (buffer !== null && timestampMs === tracker.streamTimeMs) this.emitUnmatched(buffer, record)
    const toMs = Math.max(0, timestampMs + this.afterMs)
    if (this.joinMatches(record, toMs) || !this.options.outer) return
    if (buffer === null || toMs < tracker.streamTimeMs) {
      this.forwardUnmatched(record)
      return
    }
    tracker.waits(timestampMs)
    buffer.add(this.options.side, key, timestampMs, value)
  }

  /** @returns true if there was a match */
  private joinMatches(record: StreamRecord<K, L | R>, toMs: number): boolean {
    const { key, timestampMs, headers } = record
    const fromMs = Math.max(0, timestampMs - this.beforeMs)
    let matched = false
    for (const { key: otherMs, value: row } of this.other.fetch(key, fromMs, toMs)) {
      const other = this.keepsRecords ? (row as ValueAndTimestamp<L | R>).value : (row as L | R)
      matched = true
      this.buffer?.removeIfPresent(this.otherSide, key, otherMs)
      const result = this.join(key, record.value, other)
      this.context.forward(makeRecord(key, result, Math.max(timestampMs, otherMs), headers))
    }
    return matched
  }

  /** Forwards waiting records whose window and grace have passed, in the order of the buffer. */
  private emitUnmatched(buffer: OuterJoinBuffer<K, L, R>, record: StreamRecord<K, L | R>): void {
    const { tracker } = this
    const { graceMs } = this.options.windows
    if (this.firstDueMs() >= tracker.streamTimeMs) return
    if (!tracker.takeTurn(this.context.currentSystemTimeMs())) return
    tracker.waitingMs = Number.POSITIVE_INFINITY
    let previous: UnmatchedRecord<K, L, R> | null = null
    let leftOpen = false
    let rightOpen = false
    for (const waiting of buffer.all()) {
      tracker.waitingMs = waiting.timestampMs
      if (leftOpen && rightOpen) break
      const lookMs = waiting.side === 'left' ? this.options.windows.afterMs : this.options.windows.beforeMs
      if (waiting.timestampMs + lookMs + graceMs >= tracker.streamTimeMs) {
        if (waiting.side === 'left') leftOpen = true
        else rightOpen = true
        continue
      }
      const result = this.unmatched(waiting.side === 'left', waiting.key, waiting.value)
      this.context.forward(makeRecord(waiting.key, result, waiting.timestampMs, record.headers))
      // A place is removed once all its values came out, so that a failure between them loses none.
      if (previous !== null && !samePlace(previous, waiting))
        buffer.remove(previous.side, previous.key, previous.timestampMs)
      previous = waiting
    }
    if (previous !== null) buffer.remove(previous.side, previous.key, previous.timestampMs)
  }

  /**
   * Before this time nothing in the buffer can be due. With nothing waiting, Kafka adds to the greatest long, which
   * overflows, so it looks into the empty buffer (and takes the turn of the interval) unless nothing is added.
   */
  private firstDueMs(): number {
    const addedMs = this.afterMs + this.options.windows.graceMs
    const { waitingMs } = this.tracker
    if (waitingMs === Number.POSITIVE_INFINITY && addedMs > 0) return Number.NEGATIVE_INFINITY
    return waitingMs + addedMs
  }

  private forwardUnmatched(record: StreamRecord<K, L | R>): void {
    const result = this.unmatched(this.isLeft, record.key, record.value)
    this.context.forward(makeRecord(record.key, result, record.timestampMs, record.headers))
  }

  private unmatched(isLeft: boolean, key: K, value: L | R): VOut {
    const { joiner } = this.options
    const context = this.context.recordContext
    const result = isLeft ? joiner(value as L, null, key, context) : joiner(null, value as R, key, context)
    if (result === undefined) throw undefinedResult('the join of streams', key)
    return result
  }

  private join(key: K, value: L | R, other: L | R): VOut {
    const { joiner } = this.options
    const context = this.context.recordContext
    const result = this.isLeft
      ? joiner(value as L, other as R, key, context)
      : joiner(other as L, value as R, key, context)
    if (result === undefined) throw undefinedResult('the join of streams', key)
    return result
  }
}

function samePlace<K, L, R>(one: UnmatchedRecord<K, L, R>, two: UnmatchedRecord<K, L, R>): boolean {
  return one.timestampMs === two.timestampMs && one.side === two.side && sameKey(one.key, two.key)
}
