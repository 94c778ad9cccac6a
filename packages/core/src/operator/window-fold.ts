/**
 * Counting and reducing as aggregations: what `count` and `reduce` of windowed streams hand to the windowed aggregates.
 * A reduction has no initial value; its aggregate is null until the first value, which becomes the aggregate.
 */
import type { Aggregator, Initializer, Reducer, SessionMerger } from './functions.ts'

/** How a windowed aggregate begins, takes a value in, and (sessions only) merges two aggregates. */
export interface WindowFold<K, V, Agg> {
  readonly init: Initializer<Agg | null>
  readonly add: Aggregator<K, V, Agg>
  readonly merge: SessionMerger<K, Agg>
}

/**
 * Counts records, null values too.
 *
 * @see Kafka Streams `KGroupedStreamAggregateBuilder` (`count`)
 * @example
 * run(({ texts }) => texts.groupByKey().windowedBy(tumbling('1m')).count(), ['texts', 'a', 'x', 0], ['texts', 'a', 'y', 5])
 * // → [["a@0..60000",1],["a@0..60000",2]]
 */
export function countingFold<K, V>(): WindowFold<K, V, number> {
  return { init: () => 0, add: (count) => count + 1, merge: (one, two) => one + two }
}

/**
 * Reduces records; the reducer is not called for the first one.
 *
 * @see Kafka Streams `TimeWindowedKStreamImpl.reduce`
 * @example
 * const windows = tumbling('1m')
 * run(
 *   ({ texts }) => texts.groupByKey().windowedBy(windows).reduce((one, two) => `${one} ${two}`),
 *   ['texts', 'a', 'x', 0],
 *   ['texts', 'a', 'y', 5],
 * )
 * // → [["a@0..60000","x"],["a@0..60000","x y"]]
 */
export function reducingFold<K, V>(reducer: Reducer<K, V>): WindowFold<K, V, V> {
  return {
    init: () => null,
    add: (aggregate: V | null, value, key, context) =>
      aggregate === null ? value : reducer(aggregate, value, key, context),
    merge: (one: V | null, two, key, context) => (one === null ? two : (reducer(one, two, key, context) as V)),
  }
}
