/**
 * Keeps or drops records by a predicate. The predicate sees null keys and values; what passes is forwarded as it is,
 * the same object.
 */
import { requireFunction } from './required-function.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { StreamRecord } from '../record/record.ts'
import type { Predicate } from './functions.ts'

/**
 * Forwards the records for which the predicate holds.
 *
 * Errors: what the predicate throws goes to the processing handler.
 *
 * @param negate true: those for which it does not hold (`filterNot`)
 * @see Kafka Streams `KStreamFilter`
 * @example
 * run(({ numbers }) => numbers.filter((value) => value > 10), ['numbers', 'a', 5], ['numbers', 'b', 20])
 * // → [["b",20]]
 * run(({ numbers }) => numbers.filterNot((value) => value > 10), ['numbers', 'a', 5], ['numbers', 'b', 20])
 * // → [["a",5]]
 */
export function filterStream<K, V>(predicate: Predicate<K, V>, negate = false): () => Processor<K, V, K, V> {
  requireFunction(negate ? 'filterNot' : 'filter', predicate)
  return () => new FilterStream(predicate, negate)
}

class FilterStream<K, V> implements Processor<K, V, K, V> {
  private readonly predicate: Predicate<K, V>
  private readonly negate: boolean
  private context!: OperatorContext<K, V>

  constructor(predicate: Predicate<K, V>, negate: boolean) {
    this.predicate = predicate
    this.negate = negate
  }

  init(context: ProcessorContext<K, V>): void {
    this.context = context as OperatorContext<K, V>
  }

  process(record: StreamRecord<K, V>): void {
    const context = this.context
    const predicate = this.predicate
    const keep = predicate(record.value, record.key, context.recordContext) ? !this.negate : this.negate
    if (keep) context.forward(context.renewsRecords === true ? { ...record } : record)
  }
}
