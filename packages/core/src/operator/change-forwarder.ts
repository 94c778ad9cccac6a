/**
 * Forwards the changes of a stored table: at once when the store does not cache, else when the cache is flushed.
 *
 * With a cache the operator's own forward does nothing, and the flush gives one change per key: from what the store
 * held before to the last value. The record that goes on has the time of the new value (a deletion: of the record
 * that deleted) and the headers of the record that was current at the put.
 */
import { change } from '../record/change.ts'
import type { Change } from '../record/change.ts'
import type { Headers } from '../record/headers.ts'
import { record as makeRecord } from '../record/record.ts'
import type { Windowed } from '../record/windowed.ts'
import type { OperatorContext } from '../processor/processor.ts'
import type { ValueAndTimestamp } from '../store/store.ts'

/** One per processor with a store; made in `init`. */
export class ChangeForwarder<K, V> {
  private readonly context: OperatorContext<K, Change<V>>
  private readonly sendOldValues: boolean
  private readonly cached: boolean

  private constructor(context: OperatorContext<K, Change<V>>, sendOldValues: boolean, cached: boolean) {
    this.context = context
    this.sendOldValues = sendOldValues
    this.cached = cached
  }

  /** For stores whose rows are values with timestamps: tables and time-windowed aggregates. */
  static timestamped<K, V>(
    context: OperatorContext<K, Change<V>>,
    store: string,
    sendOldValues: boolean,
  ): ChangeForwarder<K, V> {
    const flushed = (
      key: K,
      newRow: ValueAndTimestamp<V> | null,
      oldRow: ValueAndTimestamp<V> | null,
      timestampMs: number,
      headers: Headers,
    ): void => {
      const update = change(newRow === null ? null : newRow.value, oldRow === null ? null : oldRow.value)
      context.forward(makeRecord(key, update, newRow === null ? timestampMs : newRow.timestampMs, headers))
    }
    return new ChangeForwarder(context, sendOldValues, context.setFlushListener(store, flushed, sendOldValues))
  }

  /** For session stores: the time of a result is the end of its session. */
  static session<K, V>(
    context: OperatorContext<Windowed<K>, Change<V>>,
    store: string,
    sendOldValues: boolean,
  ): ChangeForwarder<Windowed<K>, V> {
    const flushed = (
      key: Windowed<K>,
      newValue: V | null,
      oldValue: V | null,
      _timestampMs: number,
      headers: Headers,
    ): void => {
      context.forward(makeRecord(key, change(newValue, oldValue), key.window.endMs, headers))
    }
    return new ChangeForwarder(context, sendOldValues, context.setFlushListener(store, flushed, sendOldValues))
  }

  /** For emission on close, which never waits for a flush. */
  static direct<K, V>(context: OperatorContext<K, Change<V>>, sendOldValues: boolean): ChangeForwarder<K, V> {
    return new ChangeForwarder(context, sendOldValues, false)
  }

  /** True: forwarding waits for the flush, so the caller need not make a record. */
  get isCached(): boolean {
    return this.cached
  }

  /** Forwards the change, unless the store caches. Headers are those of the record that caused it. */
  forward(key: K, update: Change<V>, timestampMs: number, headers: Headers): void {
    if (this.cached) return
    const sent =
      this.sendOldValues || update.oldValue === null
        ? update
        : change(update.newValue, null as V | null, update.isLatest)
    this.context.forward(makeRecord(key, sent, timestampMs, headers))
  }
}
