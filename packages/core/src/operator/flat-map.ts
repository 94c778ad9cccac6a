/** One record to any number of records with new keys: groupings and joins below it repartition. */
import { requireFunction } from './required-function.ts'
import { RecordError } from '../errors.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { ValueMapper } from './functions.ts'
import { wrongPair } from './undefined-result.ts'

/**
 * Forwards every `[key, value]` of the list, in its order, each with the time and headers of the input.
 *
 * @throws {MR_OPERATOR_NULL_RESULT} (RecordError, while processing) the mapper, or an element of its list, is null
 * @see Kafka Streams `KStreamFlatMap`
 * @example
 * run(({ texts }) => texts.flatMap((value) => value.split(' ').map((word) => [word, 1])), ['texts', 'a', 'to be'])
 * // → [["to",1],["be",1]]
 */
export function flatMapStream<K, V, KOut, VOut>(
  mapper: ValueMapper<K, V, Iterable<readonly [KOut, VOut]>>,
): () => Processor<K, V, KOut, VOut> {
  requireFunction('flatMap', mapper)
  return () => new FlatMapStream(mapper)
}

class FlatMapStream<K, V, KOut, VOut> implements Processor<K, V, KOut, VOut> {
  private readonly mapper: ValueMapper<K, V, Iterable<readonly [KOut, VOut]>>
  private context!: OperatorContext<KOut, VOut>

  constructor(mapper: ValueMapper<K, V, Iterable<readonly [KOut, VOut]>>) {
    this.mapper = mapper
  }

  init(context: ProcessorContext<KOut, VOut>): void {
    this.context = context as OperatorContext<KOut, VOut>
  }

  process(record: StreamRecord<K, V>): void {
    const context = this.context
    const mapper = this.mapper
    const pairs: Iterable<readonly [KOut, VOut] | null> | null | undefined = mapper(
      record.value,
      record.key,
      context.recordContext,
    )
    if (pairs === null || pairs === undefined) throw nullResult('a list of pairs [key, value]; an empty one drops')
    for (const pair of pairs) {
      if (pair === null || pair === undefined) throw nullResult('a list whose elements are pairs [key, value]')
      if (typeof pair !== 'object' || pair[0] === undefined || pair[1] === undefined)
        throw wrongPair('flatMap (an element)', pair, record.key)
      context.forward(makeRecord(pair[0], pair[1], record.timestampMs, record.headers))
    }
  }
}

function nullResult(expected: string): RecordError {
  return new RecordError('MR_OPERATOR_NULL_RESULT', { operator: 'flatMap', expected })
}
