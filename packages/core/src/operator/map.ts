/** One record to one record, key and value both new: groupings and joins below it repartition. */
import { requireFunction } from './required-function.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { PairMapper } from './functions.ts'
import { wrongPair } from './undefined-result.ts'

/**
 * Forwards `[key, value]` of the mapper with the time and headers of the input.
 *
 * @throws {MR_OPERATOR_NULL_RESULT} (RecordError, while processing) the mapper returned null or undefined
 * @see Kafka Streams `KStreamMap`
 * @example
 * run(({ texts }) => texts.map((value, key) => [key.toLowerCase(), value.length]), ['texts', 'A', 'three'])
 * // → [["a",5]]
 */
export function mapStream<K, V, KOut, VOut>(mapper: PairMapper<K, V, KOut, VOut>): () => Processor<K, V, KOut, VOut> {
  requireFunction('map', mapper)
  return () => new MapStream(mapper)
}

class MapStream<K, V, KOut, VOut> implements Processor<K, V, KOut, VOut> {
  private readonly mapper: PairMapper<K, V, KOut, VOut>
  private context!: OperatorContext<KOut, VOut>

  constructor(mapper: PairMapper<K, V, KOut, VOut>) {
    this.mapper = mapper
  }

  init(context: ProcessorContext<KOut, VOut>): void {
    this.context = context as OperatorContext<KOut, VOut>
  }

  process(record: StreamRecord<K, V>): void {
    const context = this.context
    const mapper = this.mapper
    const pair: readonly [KOut, VOut] | null | undefined = mapper(record.value, record.key, context.recordContext)
    if (typeof pair !== 'object' || pair === null || pair[0] === undefined || pair[1] === undefined)
      throw wrongPair('map', pair, record.key)
    context.forward(makeRecord(pair[0], pair[1], record.timestampMs, record.headers))
  }
}
