/**
 * A stream joined with itself, with one store instead of two (`single.store.self.join`). Results and their order are
 * those of the join with two stores.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { StateStore, ValueAndTimestamp, WindowStore } from '../store/store.ts'
import { joinRetentionMs, type JoinWindows } from '../window/join-windows.ts'
import type { Joiner } from './functions.ts'
import { keepsRecords } from './join-store.ts'
import { undefinedResult } from './undefined-result.ts'

/** What a self-join is made of. */
export interface SelfJoin<K, V, VOut> {
  /** Window store of the stream, with duplicates; filled by the node before (`storeForJoin`). */
  readonly store: string
  readonly windows: JoinWindows
  readonly joiner: Joiner<K, V, V, VOut>
}

/**
 * Supplier of the node of a self-join. Null keys and values are dropped and counted, once. A record meets itself once,
 * unless it is older than the store's retention.
 *
 * Units: window in ms. Errors: what the joiner throws goes to the processing handler.
 *
 * @see KIP-862
 * @example
 * run(
 *   ({ texts }) => texts.join(texts, (one, two) => `${one}${two}`, { within: 10 }),
 *   ['texts', 'a', 'x', 0],
 *   ['texts', 'a', 'y', 5],
 * )
 * // → [["a","xx"],["a","yx"],["a","xy"],["a","yy"]]
 */
export function joinStreamToItself<K, V, VOut>(options: SelfJoin<K, V, VOut>): () => Processor<K, V, K, VOut> {
  return () => new JoinStreamToItself(options)
}

class JoinStreamToItself<K, V, VOut> implements Processor<K, V, K, VOut> {
  private readonly options: SelfJoin<K, V, VOut>
  private readonly retentionMs: number
  private context!: OperatorContext<K, VOut>
  private store!: WindowStore<K, V | ValueAndTimestamp<V>>
  private keepsRecords = false
  private streamTimeMs = -1

  constructor(options: SelfJoin<K, V, VOut>) {
    this.options = options
    this.retentionMs = joinRetentionMs(options.windows)
  }

  init(context: ProcessorContext<K, VOut>): void {
    this.context = context as OperatorContext<K, VOut>
    this.store = this.context.getStateStore<StateStore>(this.options.store) as typeof this.store
    this.keepsRecords = keepsRecords(this.context, this.options.store)
  }

  /** Continues where an earlier run stopped: records that were too old then do not meet themselves now. */
  restoreStreamTime(timestampMs: number): void {
    this.streamTimeMs = Math.max(this.streamTimeMs, timestampMs)
  }

  process(record: StreamRecord<K, V>): void {
    const { key, value, timestampMs } = record
    if (key === null || key === undefined || value === null || value === undefined) {
      this.context.droppedRecord('null key or value')
      return
    }
    const { beforeMs, afterMs } = this.options.windows
    const { joiner } = this.options
    const context = this.context.recordContext
    // First of all, as in Kafka: a record whose joiner throws does not move the operator's time.
    const own = joiner(value, value, key, context)
    if (own === undefined) throw undefinedResult('the join of streams', key)
    const self = makeRecord(key, own, timestampMs, record.headers)
    this.restoreStreamTime(timestampMs)
    let meetsItself = timestampMs > this.streamTimeMs - this.retentionMs + 1
    for (const { key: otherMs, value: other } of this.around(record, beforeMs, afterMs))
      this.forward(record, joiner(value, this.valueOf(other), key, context), otherMs)
    for (const { key: otherMs, value: other } of this.around(record, afterMs, beforeMs)) {
      // Results are in the order of time, so the record meets itself before it meets a later one.
      if (otherMs > timestampMs && meetsItself) {
        meetsItself = false
        this.context.forward(self)
      }
      this.forward(record, joiner(this.valueOf(other), value, key, context), otherMs)
    }
    if (meetsItself) this.context.forward(self)
  }

  private around(record: StreamRecord<K, V>, beforeMs: number, afterMs: number): ReturnType<typeof this.store.fetch> {
    const fromMs = Math.max(0, record.timestampMs - beforeMs)
    return this.store.fetch(record.key, fromMs, Math.max(0, record.timestampMs + afterMs))
  }

  private valueOf(row: V | ValueAndTimestamp<V>): V {
    return this.keepsRecords ? (row as ValueAndTimestamp<V>).value : (row as V)
  }

  private forward(record: StreamRecord<K, V>, result: VOut, otherMs: number): void {
    if (result === undefined) throw undefinedResult('the join of streams', record.key)
    this.context.forward(makeRecord(record.key, result, Math.max(record.timestampMs, otherMs), record.headers))
  }
}
