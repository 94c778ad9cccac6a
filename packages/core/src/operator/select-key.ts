/** A new key for each record, null allowed: groupings and joins below it repartition. */
import { requireFunction } from './required-function.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { KeyMapper } from './functions.ts'
import { undefinedResult } from './undefined-result.ts'

/**
 * Forwards value, time and headers of the input under the key that the mapper returns.
 *
 * Errors: what the selector throws goes to the processing handler.
 *
 * @see Kafka Streams `KStreamImpl.internalSelectKey`
 * @example
 * run(({ orders }) => orders.selectKey((order) => order.user), ['orders', 'o1', { user: 'ada', item: 'tea', cents: 250 }])
 * // → [["ada",{"user":"ada","item":"tea","cents":250}]]
 */
export function selectStreamKey<K, V, KOut>(
  mapper: KeyMapper<K, V, KOut>,
  operator: string = 'selectKey',
): () => Processor<K, V, KOut, V> {
  requireFunction(operator, mapper)
  return () => new SelectStreamKey(mapper, operator)
}

class SelectStreamKey<K, V, KOut> implements Processor<K, V, KOut, V> {
  private readonly mapper: KeyMapper<K, V, KOut>
  private readonly operator: string
  private context!: OperatorContext<KOut, V>

  constructor(mapper: KeyMapper<K, V, KOut>, operator: string) {
    this.mapper = mapper
    this.operator = operator
  }

  init(context: ProcessorContext<KOut, V>): void {
    this.context = context as OperatorContext<KOut, V>
  }

  process(record: StreamRecord<K, V>): void {
    const context = this.context
    const mapper = this.mapper
    const key = mapper(record.value, record.key, context.recordContext)
    if (key === undefined) throw undefinedResult(this.operator, record.key)
    context.forward(makeRecord(key, record.value, record.timestampMs, record.headers))
  }
}
