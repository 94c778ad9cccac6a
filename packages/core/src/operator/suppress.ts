/**
 * Holds changes of a table back, so that fewer or only final results go on.
 *
 * Changes wait in a buffer ordered by time, one per key: the latest wins and keeps the place of the first. They come
 * out when stream time of this operator (not wall-clock time) has passed: for windows, when the window has closed,
 * and then deletions are left out because no result was ever seen; for a time limit, that long after the first
 * waiting change. A buffer above its limits gives its oldest changes early or stops the application.
 */
import { RecordError } from '../errors.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { Change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { Windowed } from '../record/windowed.ts'
import type { StateStore, SuppressBuffer, SuppressedUpdate, ValueAndTimestamp } from '../store/store.ts'
import { keptContextWithSource } from './kept-context.ts'
import { keepTime } from './stream-time.ts'
import type { TableParent, TableSupplier } from './table-supplier.ts'
import type { TableValueGetter, TableValueGetterSupplier } from './table-value-getter.ts'

/** What a suppressed table is made of. */
export interface TableSuppress<K, V> {
  readonly parent: TableParent<K, V>
  /** Name of the buffer. */
  readonly store: string
  /**
   * `window-close`: the key is windowed and `waitMs` is the grace of the windows. `time-limit`: any key, `waitMs` the
   * limit.
   */
  readonly until: 'window-close' | 'time-limit'
  readonly waitMs: number
  /** Greatest number of waiting changes; +Infinity = no limit. */
  readonly recordsMax: number
  /** Greatest size of the buffer, bytes by Kafka's estimate; +Infinity = no limit. */
  readonly bytesMax: number
  /** Above a limit: give the oldest changes early, or fail. */
  readonly whenFull: 'emit' | 'stop'
}

/**
 * Supplier of the node of `suppress`. Asks the parent for old values, with a store if need be. Counts what comes out in
 * `suppression-emit-total`.
 *
 * Units: waiting time in ms of event time; sizes in bytes by Kafka's estimate.
 *
 * @throws {MR_OPERATOR_SUPPRESS_FULL} (RecordError, while processing) above a limit with `whenFull: 'stop'`
 * @see KIP-328
 * @example
 * run(
 *   ({ texts }) => texts.groupByKey().windowedBy(tumbling(10)).count().suppress({ until: 'window-close' }),
 *   ['texts', 'a', 'x', 1],
 *   ['texts', 'a', 'y', 2],
 *   ['texts', 'b', 'closes the window', 10],
 * )
 * // → [["a@0..10",2]]
 */
export function suppressTable<K, V>(options: TableSuppress<K, V>): TableSupplier<K, V> {
  options.parent.enableSendOldValues(true)
  return {
    enableSendOldValues: (forceMaterialization) => options.parent.enableSendOldValues(forceMaterialization),
    valueGetterSupplier(): TableValueGetterSupplier<K, V> {
      const parent = options.parent.valueGetterSupplier()
      const create = (): TableValueGetter<K, V> => new SuppressedGetter(parent.create(), options.store)
      return { storeNames: [options.store, ...parent.storeNames], create }
    },
    create: (): Processor<K, Change<V>, K, Change<V>> => new SuppressTable(options),
  }
}

class SuppressTable<K, V> implements Processor<K, Change<V>, K, Change<V>> {
  private readonly options: TableSuppress<K, V>
  private readonly isFinal: boolean
  private context!: OperatorContext<K, Change<V>>
  private buffer!: SuppressBuffer<K, V>
  private observedMs = -1
  private dueMs = -1

  constructor(options: TableSuppress<K, V>) {
    this.options = options
    this.isFinal = options.until === 'window-close'
  }

  init(context: ProcessorContext<K, Change<V>>): void {
    this.context = context as OperatorContext<K, Change<V>>
    this.buffer = this.context.getStateStore<StateStore>(this.options.store) as SuppressBuffer<K, V>
    this.restoreStreamTime(this.buffer.observedStreamTimeMs)
  }

  /** Continues where an earlier run stopped: what was final then is not held back now. */
  restoreStreamTime(timestampMs: number): void {
    this.observedMs = timestampMs
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { buffer, context } = this
    if (record.timestampMs > this.observedMs) {
      this.observedMs = record.timestampMs
      keepTime(buffer, record.timestampMs)
    }
    const timeMs = this.isFinal ? (record.key as Windowed<unknown>).window.endMs : context.current.timestampMs
    buffer.put(timeMs, record.key, record.value, keptContextWithSource(context))
    this.dueMs = this.observedMs - this.options.waitMs
    buffer.evictWhile(this.isDue, this.emit)
    if (!this.isFull()) return
    if (this.options.whenFull === 'stop') throw this.full()
    buffer.evictWhile(this.isFull, this.emit)
  }

  private readonly isDue = (): boolean => this.buffer.minTimeMs <= this.dueMs

  private readonly isFull = (): boolean =>
    this.buffer.recordCount > this.options.recordsMax || this.buffer.byteCount > this.options.bytesMax

  private readonly emit = (update: SuppressedUpdate<K, V>): void => {
    const { key, change, context } = update
    if (change.newValue === null && this.isFinal) return
    this.context.withRecordContext(context, () => {
      this.context.forward(makeRecord(key, change, context.timestampMs, context.headers))
      this.context.count('suppression-emit-total', 1)
    })
  }

  private full(): RecordError {
    const { store, recordsMax, bytesMax } = this.options
    const { recordCount: records, byteCount: bytes } = this.buffer
    return new RecordError('MR_OPERATOR_SUPPRESS_FULL', { store, records, recordsMax, bytes, bytesMax })
  }
}

/** Rows as downstream has seen them: of a waiting key the one before it began to wait, else the parent's. */
class SuppressedGetter<K, V> implements TableValueGetter<K, V> {
  readonly isVersioned = false
  private readonly parent: TableValueGetter<K, V>
  private readonly storeName: string
  private buffer!: SuppressBuffer<K, V>

  constructor(parent: TableValueGetter<K, V>, storeName: string) {
    this.parent = parent
    this.storeName = storeName
  }

  init(context: OperatorContext<never, never>): void {
    this.parent.init(context)
    this.buffer = context.getStateStore<StateStore>(this.storeName) as SuppressBuffer<K, V>
  }

  close(): void {
    this.parent.close?.()
  }

  get(key: K): ValueAndTimestamp<V> | null {
    const prior = this.buffer.priorValue(key)
    if (prior === undefined) return this.parent.get(key)
    return prior === null ? null : { value: prior, timestampMs: -1 }
  }

  getAsOf(key: K): ValueAndTimestamp<V> | null {
    return this.get(key)
  }
}
