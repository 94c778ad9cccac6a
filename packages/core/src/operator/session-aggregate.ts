/**
 * Aggregates over sessions.
 *
 * A record opens a session of its own, `[t, t]`, and merges it with every session that is at most the gap away.
 * Sessions that disappear in the merge are deleted, and downstream gets a deletion for each before the merged one.
 * The initial aggregate is made for each record and takes part in the merges; the record is added last. Null keys are
 * dropped, null values are not. A session is closed when its end is before stream time − grace − gap. A result's time
 * is its end.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { noHeaders } from '../record/headers.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { Windowed } from '../record/windowed.ts'
import type { KeepsTime, KeyValue, SessionStore, StateStore, ValueAndTimestamp } from '../store/store.ts'
import type { SessionWindows } from '../window/session-windows.ts'
import { ChangeForwarder } from './change-forwarder.ts'
import { CloseSchedule, type EmitStrategy } from './emit-on-close.ts'
import type { Aggregator, Initializer, SessionMerger } from './functions.ts'
import { keepTime } from './stream-time.ts'
import type { TableSupplier } from './table-supplier.ts'
import type { TableValueGetter, TableValueGetterSupplier } from './table-value-getter.ts'
import { undefinedResult } from './undefined-result.ts'

/** What an aggregate over sessions is made of. */
export interface SessionAggregateOptions<K, V, Agg> {
  /** A session store; with `emit: 'close'` ordered by time and not cached. */
  readonly store: string
  readonly windows: SessionWindows
  readonly emit: EmitStrategy
  /** Null for reductions. */
  readonly init: Initializer<Agg | null>
  readonly add: Aggregator<K, V, Agg>
  /** `one` is the aggregate so far (at first the initial one), `two` that of the next session, oldest first. */
  readonly merge: SessionMerger<K, Agg>
  /** True: other nodes write the store too, so that its time is not this node's; it begins anew, as in Kafka. */
  readonly sharesStore?: boolean
}

/**
 * Supplier of the node of an aggregation over sessions, and of each input of a session cogroup.
 *
 * Units: gap, grace and times in ms; only sessions at most the gap away are looked at. Errors: what `init`, `add` or
 * `merge` throws goes to the processing handler.
 *
 * @see Kafka Streams `KStreamSessionWindowAggregate`; KIP-94, emit on close: KIP-825
 * @example
 * run(
 *   ({ texts }) => texts.groupByKey().windowedBy(session(10)).count(),
 *   ['texts', 'a', 'opens a session', 0],
 *   ['texts', 'a', 'joins it', 8],
 * )
 * // → [["a@0..0",1],["a@0..0",null],["a@0..8",2]]
 */
export function aggregateSessions<K, V, Agg>(
  options: SessionAggregateOptions<K, V, Agg>,
): TableSupplier<Windowed<K>, Agg> {
  let sendOldValues = false
  return {
    enableSendOldValues: () => (sendOldValues = true),
    valueGetterSupplier: (): TableValueGetterSupplier<Windowed<K>, Agg> => ({
      storeNames: [options.store],
      create: () => new SessionGetter<K, Agg>(options.store),
    }),
    create: (): Processor<K, V, Windowed<K>, Change<Agg>> => new AggregateSessions(options, sendOldValues),
  }
}

type KeptSessionStore<K, Agg> = SessionStore<K, Agg> & KeepsTime

class AggregateSessions<K, V, Agg> implements Processor<K, V, Windowed<K>, Change<Agg>> {
  private readonly options: SessionAggregateOptions<K, V, Agg>
  private readonly sendOldValues: boolean
  private context!: OperatorContext<Windowed<K>, Change<Agg>>
  private store!: KeptSessionStore<K, Agg>
  private forwarder!: ChangeForwarder<Windowed<K>, Agg>
  private schedule: CloseSchedule | null = null
  private observedMs = -1

  constructor(options: SessionAggregateOptions<K, V, Agg>, sendOldValues: boolean) {
    this.options = options
    this.sendOldValues = sendOldValues
  }

  init(context: ProcessorContext<Windowed<K>, Change<Agg>>): void {
    this.context = context as OperatorContext<Windowed<K>, Change<Agg>>
    this.store = this.context.getStateStore<StateStore>(this.options.store) as KeptSessionStore<K, Agg>
    if (this.options.sharesStore !== true) this.restoreStreamTime(this.store.observedStreamTimeMs)
    if (this.options.emit === 'close') {
      this.schedule = new CloseSchedule(this.context, this.store)
      this.forwarder = ChangeForwarder.direct(this.context, this.sendOldValues)
    } else this.forwarder = ChangeForwarder.session(this.context, this.options.store, this.sendOldValues)
  }

  /** Continues where an earlier run stopped: sessions that were closed then stay closed. */
  restoreStreamTime(timestampMs: number): void {
    this.observedMs = timestampMs
  }

  process(record: StreamRecord<K, V>): void {
    const { key, timestampMs } = record
    if (key === null || key === undefined) {
      this.context.droppedRecord('null key')
      return
    }
    if (timestampMs > this.observedMs) {
      this.observedMs = timestampMs
      keepTime(this.store, timestampMs)
    }
    const { gapMs, graceMs } = this.options.windows
    const closeMs = this.observedMs - graceMs - gapMs
    this.addToSession(record, closeMs)
    if (this.schedule !== null) this.emitClosed(this.schedule, record, closeMs)
  }

  private addToSession(record: StreamRecord<K, V>, closeMs: number): void {
    const { key, value, timestampMs } = record
    const { add, init, merge, windows } = this.options
    const context = this.context.recordContext
    const merged: KeyValue<Windowed<K>, Agg>[] = []
    let startMs = timestampMs
    let endMs = timestampMs
    let aggregate: Agg | null = init()
    if (aggregate === undefined) throw undefinedResult('aggregate (init)', key, this.options.store)
    for (const session of this.store.findSessions(key, timestampMs - windows.gapMs, timestampMs + windows.gapMs)) {
      merged.push(session)
      aggregate = merge(aggregate as Agg, session.value, key, context)
      if (aggregate === undefined) throw undefinedResult('aggregate (merge) or reduce', key, this.options.store)
      startMs = Math.min(startMs, session.key.window.startMs)
      endMs = Math.max(endMs, session.key.window.endMs)
    }
    if (endMs < closeMs) {
      this.context.droppedRecord(`expired session [${startMs}, ${endMs}], sessions before ${closeMs} are closed`)
      return
    }
    if (startMs !== timestampMs || endMs !== timestampMs) {
      for (const session of merged) {
        this.store.remove(session.key)
        this.forward(session.key, null, session.value)
      }
    }
    const result = add(aggregate as Agg, value, key, context)
    if (result === undefined) throw undefinedResult('aggregate (add) or reduce', key, this.options.store)
    const windowed = { key, window: { startMs, endMs } }
    this.store.put(windowed, result)
    this.forward(windowed, result, null)
  }

  /** Without a cache Kafka forwards session results without headers; with one they have those of the record. */
  private forward(key: Windowed<K>, newValue: Agg | null, oldValue: Agg | null): void {
    if (this.schedule !== null || this.forwarder.isCached) return
    this.forwarder.forward(key, change(newValue, this.sendOldValues ? oldValue : null), key.window.endMs, noHeaders)
  }

  private emitClosed(schedule: CloseSchedule, record: StreamRecord<K, V>, closeMs: number): void {
    if (!schedule.isDue(closeMs)) return
    const toMs = closeMs - 1
    const fromMs = Math.max(0, schedule.lastEmittedMs)
    if (toMs < fromMs) return
    let count = 0
    for (const { key, value } of this.store.findSessionsByEnd(fromMs, toMs)) {
      count++
      this.context.forward(makeRecord(key, change<Agg>(value, null), key.window.endMs, record.headers))
    }
    schedule.emitted(closeMs, count)
  }
}

class SessionGetter<K, Agg> implements TableValueGetter<Windowed<K>, Agg> {
  readonly isVersioned = false
  private readonly name: string
  private store!: KeptSessionStore<K, Agg>

  constructor(name: string) {
    this.name = name
  }

  init(context: OperatorContext<never, never>): void {
    this.store = context.getStateStore<StateStore>(this.name) as KeptSessionStore<K, Agg>
  }

  get(key: Windowed<K>): ValueAndTimestamp<Agg> | null {
    const value = this.store.fetchSession(key.key, key.window.startMs, key.window.endMs)
    return value === null ? null : { value, timestampMs: key.window.endMs }
  }

  getAsOf(key: Windowed<K>): ValueAndTimestamp<Agg> | null {
    return this.get(key)
  }
}
