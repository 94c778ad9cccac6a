/** One value to any number of values; the key stays. */
import { requireFunction } from './required-function.ts'
import { RecordError } from '../errors.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { ValueMapper } from './functions.ts'
import { undefinedResult } from './undefined-result.ts'

/**
 * Forwards every value of the list, in its order, each with key, time and headers of the input.
 *
 * @throws {MR_OPERATOR_NULL_RESULT} (RecordError, while processing) the mapper returned null or undefined
 * @see Kafka Streams `KStreamFlatMapValues`
 * @example
 * run(({ texts }) => texts.flatMapValues((sentence) => sentence.split(' ')), ['texts', 'a', 'to be'])
 * // → [["a","to"],["a","be"]]
 */
export function flatMapStreamValues<K, V, VOut>(
  mapper: ValueMapper<K, V, Iterable<VOut>>,
): () => Processor<K, V, K, VOut> {
  requireFunction('flatMapValues', mapper)
  return () => new FlatMapStreamValues(mapper)
}

class FlatMapStreamValues<K, V, VOut> implements Processor<K, V, K, VOut> {
  private readonly mapper: ValueMapper<K, V, Iterable<VOut>>
  private context!: OperatorContext<K, VOut>

  constructor(mapper: ValueMapper<K, V, Iterable<VOut>>) {
    this.mapper = mapper
  }

  init(context: ProcessorContext<K, VOut>): void {
    this.context = context as OperatorContext<K, VOut>
  }

  process(record: StreamRecord<K, V>): void {
    const context = this.context
    const mapper = this.mapper
    const values: Iterable<VOut> | null | undefined = mapper(record.value, record.key, context.recordContext)
    if (values === null || values === undefined)
      throw new RecordError('MR_OPERATOR_NULL_RESULT', {
        operator: 'flatMapValues',
        expected: 'a list of values; an empty one drops the record',
      })
    for (const value of values) {
      if (value === undefined) throw undefinedResult('flatMapValues (an element)', record.key)
      context.forward(makeRecord(record.key, value, record.timestampMs, record.headers))
    }
  }
}
