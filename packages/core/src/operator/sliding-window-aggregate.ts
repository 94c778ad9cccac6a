/**
 * Aggregates over sliding windows (KIP-450).
 *
 * Only windows that can differ are kept: each distinct record time `t` ends one window, `[t − difference, t]` (its
 * left window), and begins one, `[t + 1, t + 1 + difference]` (its right window), which exists only while a record is
 * in it. So a record updates the stored windows that contain it and may create three: its left window, its right
 * window, and the right window of the record before it. The stored time of a window is that of its newest record; the
 * algorithm uses it to tell who is inside. Windows cannot begin before the epoch, so records earlier than
 * `difference` share `[0, difference]`.
 *
 * Null keys and null values are dropped. A window is closed when its end is before stream time − grace.
 */
import { RecordError } from '../errors.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { Windowed } from '../record/windowed.ts'
import type { KeyValue, ValueAndTimestamp } from '../store/store.ts'
import type { SlidingWindows } from '../window/sliding-windows.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import { CloseSchedule, type EmitStrategy } from './emit-on-close.ts'
import type { Aggregator, Initializer } from './functions.ts'
import { keepTime } from './stream-time.ts'
import type { TableSupplier } from './table-supplier.ts'
import type { TableValueGetterSupplier } from './table-value-getter.ts'
import { aggregateRow, type AggregateWindowStore, openWindowStore, windowedTable } from './windowed-store.ts'
import { undefinedResult } from './undefined-result.ts'

/** What an aggregate over sliding windows is made of. */
export interface SlidingAggregateOptions<K, V, Agg> {
  /** A window store of values with timestamps; with `emit: 'close'` ordered by time and not cached. */
  readonly store: string
  readonly windows: SlidingWindows
  readonly emit: EmitStrategy
  /** Null for reductions. */
  readonly init: Initializer<Agg | null>
  readonly add: Aggregator<K, V, Agg>
  /** True: other nodes write the store too, so that its time is not this node's; it begins anew, as in Kafka. */
  readonly sharesStore?: boolean
}

/**
 * Supplier of the node of an aggregation over sliding windows.
 *
 * Units: difference, grace and times in ms; only windows that begin within twice the difference are looked at.
 *
 * @throws {MR_WINDOW_EMPTY} (RecordError, while processing) if the difference is 0
 * @see Kafka Streams `KStreamSlidingWindowAggregate`; KIP-450
 * @example
 * run(
 *   ({ texts }) => texts.groupByKey().windowedBy(sliding(10, { grace: 50 })).count(),
 *   ['texts', 'a', 'x', 20],
 *   ['texts', 'a', 'y', 25],
 * )
 * // → [["a@10..20",1],["a@21..31",1],["a@15..25",2]]
 */
export function aggregateSlidingWindows<K, V, Agg>(
  options: SlidingAggregateOptions<K, V, Agg>,
): TableSupplier<Windowed<K>, Agg> {
  let sendOldValues = false
  return {
    enableSendOldValues: () => (sendOldValues = true),
    valueGetterSupplier: (): TableValueGetterSupplier<Windowed<K>, Agg> => windowedTable(options.store),
    create: (): Processor<K, V, Windowed<K>, Change<Agg>> => new AggregateSlidingWindows(options, sendOldValues),
  }
}

type Row<Agg> = ValueAndTimestamp<Agg>
/** A stored window: start and row. */
type StoredWindow<Agg> = KeyValue<number, Row<Agg>>

/** What a look at the stored windows around a record found. */
interface Neighbours<Agg> {
  readonly starts: Set<number>
  /** Row from which the record's right window is made: of a window that holds records after it. */
  right: Row<Agg> | null
  /** Row of the nearest window that ends before the record. */
  left: Row<Agg> | null
  hasLeft: boolean
  hasRight: boolean
  /** Time of the record before this one, −1 when there is none whose right window might be missing. */
  previousMs: number
}

class AggregateSlidingWindows<K, V, Agg> implements Processor<K, V, Windowed<K>, Change<Agg>> {
  private readonly options: SlidingAggregateOptions<K, V, Agg>
  private readonly differenceMs: number
  private readonly sendOldValues: boolean
  private context!: OperatorContext<Windowed<K>, Change<Agg>>
  private store!: AggregateWindowStore<K, Agg>
  private forwarder!: ChangeForwarder<Windowed<K>, Agg>
  private schedule: CloseSchedule | null = null
  private observedMs = -1
  private closeMs = -1

  constructor(options: SlidingAggregateOptions<K, V, Agg>, sendOldValues: boolean) {
    this.options = options
    this.differenceMs = options.windows.differenceMs
    this.sendOldValues = sendOldValues
  }

  init(context: ProcessorContext<Windowed<K>, Change<Agg>>): void {
    this.context = context as OperatorContext<Windowed<K>, Change<Agg>>
    this.store = openWindowStore(this.context, this.options.store)
    if (this.options.sharesStore !== true) this.restoreStreamTime(this.store.observedStreamTimeMs)
    if (this.options.emit === 'close') {
      this.schedule = new CloseSchedule(this.context, this.store)
      this.forwarder = ChangeForwarder.direct(this.context, this.sendOldValues)
    } else this.forwarder = ChangeForwarder.timestamped(this.context, this.options.store, this.sendOldValues)
  }

  /** Continues where an earlier run stopped: windows that were closed then stay closed. */
  restoreStreamTime(timestampMs: number): void {
    this.observedMs = timestampMs
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value, timestampMs } = record
    if (key === null || key === undefined || value === null || value === undefined) {
      this.context.droppedRecord('null key or value')
      return
    }
    if (timestampMs > this.observedMs) {
      this.observedMs = timestampMs
      keepTime(this.store, timestampMs)
    }
    this.closeMs = this.observedMs - this.options.windows.graceMs
    if (timestampMs + this.differenceMs < this.closeMs) {
      this.dropLate(timestampMs)
      return
    }
    if (this.differenceMs === 0) throw new RecordError('MR_WINDOW_EMPTY', { startMs: timestampMs, endMs: timestampMs })
    if (timestampMs < this.differenceMs) {
      // As in Kafka, such a record does not look for closed windows.
      this.processEarly(record)
      return
    }
    const found = this.updateExisting(record)
    if (found !== null) this.createMissing(record, found)
    if (this.schedule !== null) this.emitClosed(this.schedule, record)
  }

  /** Puts the record into every stored window that contains it. @returns null when no window can be missing */
  private updateExisting(record: StreamRecord<K, V>): Neighbours<Agg> | null {
    const { timestampMs } = record
    const found = noNeighbours<Agg>()
    for (const { key: startMs, value: row } of this.around(record)) {
      found.starts.add(startMs)
      const endMs = startMs + this.differenceMs
      if (startMs === timestampMs + 1) found.hasRight = true
      else if (endMs > timestampMs) {
        found.right ??= row
        this.update(record, startMs, row)
      } else if (endMs === timestampMs) {
        found.hasLeft = true
        this.update(record, startMs, row)
        if (row.timestampMs >= timestampMs) return null
        found.previousMs = row.timestampMs
      } else {
        found.left = row
        found.previousMs = row.timestampMs
      }
    }
    return found
  }

  /** Stored windows from the one that begins just after the record back to the first that ends before it. */
  private around(record: StreamRecord<K, V>): StoredWindow<Agg>[] {
    const { key, timestampMs } = record
    const fromMs = Math.max(0, timestampMs - 2 * this.differenceMs)
    const windows: StoredWindow<Agg>[] = []
    for (const window of this.store.backwardFetch(key, fromMs, timestampMs + 1)) {
      windows.push(window)
      if (window.key + this.differenceMs < timestampMs) break
    }
    return windows
  }

  private createMissing(record: StreamRecord<K, V>, found: Neighbours<Agg>): void {
    const { timestampMs } = record
    const { previousMs, left, right, starts } = found
    const previousRightMs = previousMs + 1
    if (previousMs !== -1 && !starts.has(previousRightMs) && previousRightMs + this.differenceMs >= timestampMs)
      this.update(record, previousRightMs, null)
    if (!found.hasLeft) {
      const startMs = timestampMs - this.differenceMs
      const reaches = previousMs !== -1 && startMs <= previousMs
      this.update(record, startMs, reaches && left !== null ? { value: left.value, timestampMs } : null)
    }
    if (!found.hasRight) this.createRight(record, right)
  }

  /** The window [0, difference] holds all records before `difference`; their right windows are as usual. */
  private processEarly(record: StreamRecord<K, V>): void {
    const { key, timestampMs } = record
    let combined: Row<Agg> | null = null
    const found = noNeighbours<Agg>()
    for (const { key: startMs, value: row } of Array.from(this.store.fetch(key, 0, timestampMs + 1))) {
      found.starts.add(startMs)
      if (startMs === 0) {
        combined = row
        if (row.timestampMs < timestampMs) found.previousMs = row.timestampMs
      } else if (startMs <= timestampMs) {
        found.right = row
        this.update(record, startMs, row)
      } else found.hasRight = true
    }
    if (found.right === null && combined !== null && combined.timestampMs > timestampMs) found.right = combined
    if (!found.hasRight) this.createRight(record, found.right)
    if (found.previousMs !== -1 && !found.starts.has(found.previousMs + 1))
      this.update(record, found.previousMs + 1, null)
    this.update(record, 0, combined)
  }

  /** The record's right window begins with what is already after the record, if anything is. */
  private createRight(record: StreamRecord<K, V>, right: Row<Agg> | null): void {
    if (right === null || right.timestampMs <= record.timestampMs) return
    const startMs = record.timestampMs + 1
    this.store.put(record.key, aggregateRow(right.value, right.timestampMs), startMs)
    this.forward(record, startMs, change<Agg>(right.value, null), right.timestampMs)
  }

  /** Adds the record to one window; `row` null begins it with the initial aggregate. */
  private update(record: StreamRecord<K, V>, startMs: number, row: Row<Agg> | null): void {
    if (startMs + this.differenceMs < this.closeMs) {
      this.dropLate(startMs)
      return
    }
    const { add, init } = this.options
    const before = row === null ? init() : row.value
    if (before === undefined) throw undefinedResult('aggregate (init)', record.key, this.options.store)
    const aggregate = add(before as Agg, record.value, record.key, this.context.recordContext)
    if (aggregate === undefined) throw undefinedResult('aggregate (add) or reduce', record.key, this.options.store)
    const timestampMs = row === null ? record.timestampMs : Math.max(record.timestampMs, row.timestampMs)
    this.store.put(record.key, aggregateRow(aggregate, timestampMs), startMs)
    this.forward(record, startMs, change(aggregate, this.sendOldValues ? before : null), timestampMs)
  }

  private forward(record: StreamRecord<K, V>, startMs: number, update: Change<Agg>, timestampMs: number): void {
    if (this.schedule !== null || this.forwarder.isCached) return
    const windowed = { key: record.key, window: { startMs, endMs: startMs + this.differenceMs } }
    this.forwarder.forward(windowed, update, timestampMs, record.headers)
  }

  private dropLate(startMs: number): void {
    this.context.droppedRecord(
      `expired window [${startMs}, ${startMs + this.differenceMs}], windows before ${this.closeMs} are closed`,
    )
  }

  private emitClosed(schedule: CloseSchedule, record: StreamRecord<K, V>): void {
    if (!schedule.isDue(this.closeMs)) return
    const last = schedule.lastEmittedMs
    const toMs = this.closeMs - this.differenceMs - 1
    if (toMs < 0) return
    const fromMs = last === -1 ? 0 : Math.max(0, last - this.differenceMs)
    let count = 0
    for (const { key, value: row } of this.store.fetchAll(fromMs, toMs)) {
      count++
      this.context.forward(makeRecord(key, change<Agg>(row.value, null), row.timestampMs, record.headers))
    }
    schedule.emitted(this.closeMs, count)
  }
}

function noNeighbours<Agg>(): Neighbours<Agg> {
  return { starts: new Set(), right: null, left: null, hasLeft: false, hasRight: false, previousMs: -1 }
}
