/**
 * Aggregates over tumbling, hopping and unlimited windows.
 *
 * A record goes into every window that contains its timestamp and is not closed: a window closes when stream time −
 * grace reaches its end. Stream time is that of this operator: the greatest timestamp it has seen, kept with the
 * store. Null keys are dropped, null values are not (as Kafka does, against its documentation). Results come out with
 * each update, or once when the window has closed.
 */
import { TopologyError } from '../errors.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { Windowed } from '../record/windowed.ts'
import { firstWindowStart, type TimeWindows } from '../window/time-windows.ts'
import type { UnlimitedWindows } from '../window/unlimited-windows.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import { CloseSchedule, type EmitStrategy } from './emit-on-close.ts'
import type { Aggregator, Initializer } from './functions.ts'
import { keepTime } from './stream-time.ts'
import type { TableSupplier } from './table-supplier.ts'
import type { TableValueGetterSupplier } from './table-value-getter.ts'
import { aggregateRow, type AggregateWindowStore, openWindowStore, windowedTable } from './windowed-store.ts'
import { undefinedResult } from './undefined-result.ts'

/** What an aggregate over time windows is made of. Inputs of a windowed cogroup share `store`, `windows` and `init`. */
export interface WindowAggregateOptions<K, V, Agg> {
  /** A window store of values with timestamps; with `emit: 'close'` ordered by time. */
  readonly store: string
  readonly windows: TimeWindows | UnlimitedWindows
  readonly emit: EmitStrategy
  /** Null for reductions. */
  readonly init: Initializer<Agg | null>
  readonly add: Aggregator<K, V, Agg>
  /** True: other nodes write the store too, so that its time is not this node's; it begins anew, as in Kafka. */
  readonly sharesStore?: boolean
}

/**
 * Supplier of the node of a windowed aggregation, and of each input of a windowed cogroup.
 *
 * Units: sizes, grace and times in ms; one fetch and one put per window that contains the record.
 *
 * @throws {MR_WINDOW_EMIT} unlimited windows with `emit: 'close'`
 * @see Kafka Streams `KStreamWindowAggregate`; emit on close: KIP-825
 * @example
 * run(
 *   ({ texts }) => texts.groupByKey().windowedBy(hopping(10, { advance: 5 })).count(),
 *   ['texts', 'a', 'x', 7],
 *   ['texts', 'a', 'late', 4],
 * )
 * // → [["a@0..10",1],["a@5..15",1],["a@0..10",2]]
 * run(
 *   ({ texts }) => texts.groupByKey().windowedBy(tumbling(10, { grace: 5 }), { emit: 'close' }).count(),
 *   ['texts', 'a', 'x', 7],
 *   ['texts', 'a', 'in time', 4],
 *   ['texts', 'a', 'closes the first window', 15],
 * )
 * // → [["a@0..10",2]]
 */
export function aggregateWindows<K, V, Agg>(
  options: WindowAggregateOptions<K, V, Agg>,
): TableSupplier<Windowed<K>, Agg> {
  if (options.emit === 'close' && options.windows.kind !== 'time')
    throw new TopologyError('MR_WINDOW_EMIT', { window: options.windows.kind })
  return new WindowSupplier(options)
}

class WindowSupplier<K, V, Agg> implements TableSupplier<Windowed<K>, Agg> {
  private sendOldValues = false
  private readonly options: WindowAggregateOptions<K, V, Agg>

  constructor(options: WindowAggregateOptions<K, V, Agg>) {
    this.options = options
  }

  enableSendOldValues(): boolean {
    this.sendOldValues = true
    return true
  }

  valueGetterSupplier(): TableValueGetterSupplier<Windowed<K>, Agg> {
    return windowedTable(this.options.store)
  }

  create(): Processor<K, V, Windowed<K>, Change<Agg>> {
    return new AggregateWindows(this.options, this.sendOldValues)
  }
}

class AggregateWindows<K, V, Agg> implements Processor<K, V, Windowed<K>, Change<Agg>> {
  private readonly options: WindowAggregateOptions<K, V, Agg>
  private readonly sendOldValues: boolean
  private readonly windows: TimeWindows
  private readonly unlimitedFromMs: number
  private context!: OperatorContext<Windowed<K>, Change<Agg>>
  private store!: AggregateWindowStore<K, Agg>
  private forwarder!: ChangeForwarder<Windowed<K>, Agg>
  private schedule: CloseSchedule | null = null
  private observedMs = -1

  constructor(options: WindowAggregateOptions<K, V, Agg>, sendOldValues: boolean) {
    this.options = options
    this.sendOldValues = sendOldValues
    const { windows } = options
    // An unlimited window is a hopping one of infinite size and advance, but for its first start.
    const endless = Number.POSITIVE_INFINITY
    this.windows = windows.kind === 'time' ? windows : { kind: 'time', sizeMs: endless, advanceMs: endless, graceMs: 0 }
    this.unlimitedFromMs = windows.kind === 'unlimited' ? windows.startMs : -1
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
    if (record.key === null || record.key === undefined) {
      this.context.droppedRecord('null key')
      return
    }
    const { timestampMs } = record
    if (timestampMs > this.observedMs) {
      this.observedMs = timestampMs
      keepTime(this.store, timestampMs)
    }
    const { sizeMs, advanceMs, graceMs } = this.windows
    const closeMs = this.observedMs - graceMs
    const firstMs = this.unlimitedFromMs === -1 ? firstWindowStart(this.windows, timestampMs) : this.unlimitedFromMs
    for (let startMs = firstMs; startMs <= timestampMs; startMs += advanceMs) {
      if (startMs + sizeMs > closeMs) this.update(record, startMs)
      else this.dropLate(startMs, closeMs)
    }
    if (this.schedule !== null) this.emitClosed(this.schedule, record, closeMs)
  }

  private update(record: StreamRecord<K, V>, startMs: number): void {
    const { key, value } = record
    const { add, init } = this.options
    const row = this.store.fetchOne(key, startMs)
    const before = row === null ? init() : row.value
    if (before === undefined) throw undefinedResult('aggregate (init)', key, this.options.store)
    const aggregate = add(before as Agg, value, key, this.context.recordContext)
    if (aggregate === undefined) throw undefinedResult('aggregate (add) or reduce', key, this.options.store)
    const timestampMs = row === null ? record.timestampMs : Math.max(record.timestampMs, row.timestampMs)
    this.store.put(key, aggregateRow(aggregate, timestampMs), startMs)
    if (this.schedule !== null || this.forwarder.isCached) return
    const windowed = { key, window: { startMs, endMs: startMs + this.windows.sizeMs } }
    const sent = change(aggregate, this.sendOldValues ? before : null)
    this.forwarder.forward(windowed, sent, timestampMs, record.headers)
  }

  private dropLate(startMs: number, closeMs: number): void {
    const endMs = startMs + this.windows.sizeMs
    this.context.droppedRecord(
      `expired window [${startMs}, ${endMs}), windows up to ${closeMs} are closed, stream time ${this.observedMs}`,
    )
  }

  private emitClosed(schedule: CloseSchedule, record: StreamRecord<K, V>, closeMs: number): void {
    if (!schedule.isDue(closeMs)) return
    const { sizeMs } = this.windows
    const last = schedule.lastEmittedMs
    const toMs = closeMs - sizeMs
    if (toMs < 0) return
    const fromMs = last === -1 ? 0 : Math.max(0, last - sizeMs) + 1
    if (last !== -1 && this.sameWindows(toMs, fromMs - 1)) return
    let count = 0
    for (const { key, value: row } of this.store.fetchAll(fromMs, toMs)) {
      count++
      this.context.forward(makeRecord(key, change<Agg>(row.value, null), row.timestampMs, record.headers))
    }
    schedule.emitted(closeMs, count)
  }

  /** True when both times lie in exactly the same windows, so nothing closed between them. */
  private sameWindows(oneMs: number, twoMs: number): boolean {
    const { advanceMs } = this.windows
    return (
      firstWindowStart(this.windows, oneMs) === firstWindowStart(this.windows, twoMs) &&
      Math.floor(oneMs / advanceMs) === Math.floor(twoMs / advanceMs)
    )
  }
}
