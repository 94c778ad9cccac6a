/** One value to one value; the key stays, so nothing below needs a repartition because of it. */
import { requireFunction } from './required-function.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { ValueMapper } from './functions.ts'
import { undefinedResult } from './undefined-result.ts'

/**
 * Forwards the mapped value with key, time and headers of the input. The mapper sees null values and may return null.
 *
 * Errors: what the mapper throws goes to the processing handler.
 *
 * @see Kafka Streams `KStreamMapValues`
 * @example
 * run(({ texts }) => texts.mapValues((value) => value.length), ['texts', 'a', 'three'])
 * // → [["a",5]]
 */
export function mapStreamValues<K, V, VOut>(mapper: ValueMapper<K, V, VOut>): () => Processor<K, V, K, VOut> {
  requireFunction('mapValues', mapper)
  return () => new MapStreamValues(mapper)
}

class MapStreamValues<K, V, VOut> implements Processor<K, V, K, VOut> {
  private readonly mapper: ValueMapper<K, V, VOut>
  private context!: OperatorContext<K, VOut>

  constructor(mapper: ValueMapper<K, V, VOut>) {
    this.mapper = mapper
  }

  init(context: ProcessorContext<K, VOut>): void {
    this.context = context as OperatorContext<K, VOut>
  }

  process(record: StreamRecord<K, V>): void {
    const context = this.context
    const mapper = this.mapper
    const value = mapper(record.value, record.key, context.recordContext)
    if (value === undefined) throw undefinedResult('mapValues', record.key)
    context.forward(makeRecord(record.key, value, record.timestampMs, record.headers))
  }
}
