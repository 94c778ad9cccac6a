/** Ends a branch of the topology in an action of the user. It runs again when a record is processed again. */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { StreamRecord } from '../record/record.ts'
import type { Action } from './functions.ts'
import { requireFunction } from './required-function.ts'

/**
 * Calls the action for each record and forwards nothing.
 *
 * Errors: what the action throws goes to the processing handler.
 *
 * @see Kafka Streams `KStreamPeek` without an output (`foreach`)
 * @example
 * const seen: string[] = []
 * run(({ texts }) => texts.foreach((value, key) => seen.push(`${key}=${value}`)), ['texts', 'a', 'x'])
 * show(seen)
 * // → ["a=x"]
 */
export function foreachStream<K, V>(action: Action<K, V>): () => Processor<K, V, never, never> {
  requireFunction('foreach', action)
  return () => new ForeachStream(action)
}

class ForeachStream<K, V> implements Processor<K, V, never, never> {
  private readonly action: Action<K, V>
  private context!: OperatorContext<never, never>

  constructor(action: Action<K, V>) {
    this.action = action
  }

  init(context: ProcessorContext<never, never>): void {
    this.context = context as OperatorContext<never, never>
  }

  process(record: StreamRecord<K, V>): void {
    const action = this.action
    action(record.value, record.key, this.context.recordContext)
  }
}
