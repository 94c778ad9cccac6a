/** Forwards everything as it is: the node of `merge`, of a branch, and the end of a stream–stream join. */
import type { Processor, ProcessorContext } from '../processor/processor.ts'
import type { StreamRecord } from '../record/record.ts'

/**
 * Forwards each record, the same object.
 *
 * Errors: none.
 *
 * @see Kafka Streams `PassThrough`
 * @example
 * run(({ texts, numbers }) => texts.merge(numbers), ['texts', 'a', 'x'], ['numbers', 'b', 1])
 * // → [["a","x"],["b",1]]
 */
export function passThrough<K, V>(): () => Processor<K, V, K, V> {
  return () => new PassThrough<K, V>()
}

class PassThrough<K, V> implements Processor<K, V, K, V> {
  private context!: ProcessorContext<K, V>

  init(context: ProcessorContext<K, V>): void {
    this.context = context
  }

  process(record: StreamRecord<K, V>): void {
    this.context.forward(record)
  }
}
