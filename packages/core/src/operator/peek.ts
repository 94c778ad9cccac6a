/** Looks at each record and passes it on. The action runs again when a record is processed again after a failure. */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { StreamRecord } from '../record/record.ts'
import type { Action } from './functions.ts'
import { requireFunction } from './required-function.ts'

/**
 * Calls the action, then forwards the record as it is.
 *
 * Errors: what the action throws goes to the processing handler.
 *
 * @see Kafka Streams `KStreamPeek`
 * @example
 * const seen: string[] = []
 * run(({ texts }) => texts.peek((value, key) => seen.push(`${key}=${value}`)), ['texts', 'a', 'x'])
 * // → [["a","x"]]
 * show(seen)
 * // → ["a=x"]
 */
export function peekStream<K, V>(action: Action<K, V>): () => Processor<K, V, K, V> {
  requireFunction('peek', action)
  return () => new PeekStream(action)
}

class PeekStream<K, V> implements Processor<K, V, K, V> {
  private readonly action: Action<K, V>
  private context!: OperatorContext<K, V>

  constructor(action: Action<K, V>) {
    this.action = action
  }

  init(context: ProcessorContext<K, V>): void {
    this.context = context as OperatorContext<K, V>
  }

  process(record: StreamRecord<K, V>): void {
    const context = this.context
    const action = this.action
    action(record.value, record.key, context.recordContext)
    context.forward(context.renewsRecords === true ? { ...record } : record)
  }
}
