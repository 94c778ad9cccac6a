/** A table's updates as a stream: the new value of every change, null for a deletion. Old values end here. */
import type { Processor, ProcessorContext } from '../processor/processor.ts'
import type { Change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'

/**
 * Takes `StreamRecord<K, Change<V>>`, forwards `StreamRecord<K, V | null>` with its key, time and headers.
 *
 * Errors: none.
 *
 * @see Kafka Streams `KTableImpl.toStream`
 * @example
 * run(({ users }) => users.toStream(), ['users', 'u1', 'Ada'], ['users', 'u1', null])
 * // → [["u1","Ada"],["u1",null]]
 */
export function tableToStream<K, V>(): () => Processor<K, Change<V>, K, V | null> {
  return () => new TableToStream<K, V>()
}

class TableToStream<K, V> implements Processor<K, Change<V>, K, V | null> {
  private context!: ProcessorContext<K, V | null>

  init(context: ProcessorContext<K, V | null>): void {
    this.context = context
  }

  process(record: StreamRecord<K, Change<V>>): void {
    this.context.forward(makeRecord(record.key, record.value.newValue, record.timestampMs, record.headers))
  }
}
