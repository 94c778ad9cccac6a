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
 * @example
 * aggregateWindows({ store: 'counts', windows: tumbling('1m'), emit: 'update', ...countingFold() })
 */
export function countingFold<K, V>(): WindowFold<K, V, number> {
  return { init: () => 0, add: (count) => count + 1, merge: (one, two) => one + two }
}

/**
 * Reduces records; the reducer is not called for the first one.
 *
 * @example
 * const fold = reducingFold<string, number>((sum, value) => sum + value)
 * aggregateWindows({ store: 'sums', windows: tumbling('1m'), emit: 'update', ...fold })
 */
export function reducingFold<K, V>(reducer: Reducer<K, V>): WindowFold<K, V, V> {
  return {
    init: () => null,
    add: (aggregate: V | null, value, key, context) =>
      aggregate === null ? value : reducer(aggregate, value, key, context),
    merge: (one: V | null, two, key, context) => (one === null ? two : (reducer(one, two, key, context) as V)),
  }
}
