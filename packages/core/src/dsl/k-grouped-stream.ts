/**
 * A stream grouped by key: what aggregations are made of. Records with a null key are dropped; so are null values, except
 * by windowed aggregations (as in Kafka).
 */
import { requireWord } from '../topology/option-value.ts'
import { requireFunction, requireFunctions } from '../operator/required-function.ts'
import { TopologyError } from '../errors.ts'
import type { EmitStrategy } from '../operator/emit-on-close.ts'
import { aggregateStream, countStream, reduceStream } from '../operator/stream-aggregate.ts'
import type { RecordContext } from '../processor/processor.ts'
import { int64 } from '../serde/int64.ts'
import type { Serde } from '../serde/serde.ts'
import type { TableSupplier } from '../operator/table-supplier.ts'
import { type StreamAggregation, aggregateGrouping } from './aggregate-stream.ts'
import type { SessionWindows } from '../window/session-windows.ts'
import type { SlidingWindows } from '../window/sliding-windows.ts'
import { CogroupedKStream } from './cogrouped-streams.ts'
import type { Grouping } from './grouped-state.ts'
import type { KTable } from './k-table.ts'
import { requireShape, tableStore } from './materialized.ts'
import type { NotNull, NullOf, Sync, TableOptions } from './options.ts'
import type { Windows } from '../window/retention.ts'
import { SessionWindowedKStream, TimeWindowedKStream } from './windowed-streams.ts'
import { requireWindows, type WindowChoice } from './windows-choice.ts'
import { requireKnown } from '../known-options.ts'
import { aggregateOptions, cogroupOptions, tableOptions, windowedByOptions } from './option-lists.ts'

/** What an aggregation does: where a key begins, and how a record is added. Null from `add` deletes the row. */
export interface AggregateOptions<K, V, Agg, R> extends TableOptions<K, Agg> {
  init(this: void): Sync<Agg>
  add(this: void, aggregate: Agg, value: V, key: K, context: RecordContext): R
}

/** When results of a windowed aggregation come out. */
export interface WindowedByOptions {
  /** `update` (default): with each update. `close`: once, when the window has closed (KIP-825). */
  readonly emit?: EmitStrategy
}

/** What `windowedBy` gives: sessions, or windows of one length. */
export type WindowedBy<K, V, W> = W extends SessionWindows
  ? SessionWindowedKStream<K, V>
  : TimeWindowedKStream<K, W extends SlidingWindows ? NotNull<V> : V>

/** Records of a stream, grouped. */
export class KGroupedStream<out K, out V> {
  /** @internal */
  readonly grouping: Grouping

  /** @internal */
  constructor(grouping: Grouping) {
    this.grouping = grouping
  }

  /**
   * Number of records per key.
   *
   * @example
   * run(({ texts }) => texts.groupBy((word) => word).count({ store: 'counts' }), ['texts', 'k', 'be'], ['texts', 'k', 'be'])
   * // → [["be",1],["be",2]]
   */
  count(options: TableOptions<K, number> = {}): KTable<K, number, never> {
    return this.#aggregate(requireKnown(options, tableOptions, 'count'), {
      prefix: 'KSTREAM-AGGREGATE-',
      value: int64(),
      counts: true,
      supplier: (store) => countStream(store),
    })
  }

  /** One value per key out of two, again and again; the first is taken as it is. Null deletes the row. */
  reduce<R extends NotNull<V> | null>(
    reducer: (aggregate: NotNull<V>, value: NotNull<V>, key: K, context: RecordContext) => R,
    options: TableOptions<K, NotNull<V>> = {},
  ): KTable<K, NotNull<V>, NullOf<R>> {
    requireFunction('reduce', reducer)
    return this.#aggregate(requireKnown(options, tableOptions, 'reduce'), {
      prefix: 'KSTREAM-REDUCE-',
      value: this.grouping.state.value,
      supplier: (store) => reduceStream({ store, reducer: reducer as never }),
    })
  }

  /**
   * One value of another type per key.
   *
   * @example
   * run(
   *   ({ orders }) =>
   *     orders
   *       .groupBy((order) => order.user)
   *       .aggregate({ init: () => ({ n: 0 }), add: (total, order) => ({ n: total.n + order.cents }) }),
   *   ['orders', 'o1', { user: 'ada', item: 'tea', cents: 250 }],
   * )
   * // → [["ada",{"n":250}]]
   */
  aggregate<Agg, R extends Agg | null>(options: AggregateOptions<K, NotNull<V>, Agg, R>): KTable<K, Agg, NullOf<R>> {
    const known = requireKnown(options, aggregateOptions, 'aggregate')
    const { init, add } = requireFunctions('aggregate', known, ['init', 'add'])
    return this.#aggregate(options, {
      prefix: 'KSTREAM-AGGREGATE-',
      value: null,
      supplier: (store) => aggregateStream({ store, init, add: add as never }),
    })
  }

  /**
   * Cuts the stream into windows.
   *
   * @throws {MR_WINDOW_EMIT} results on close of unlimited windows, which never close
   * @example
   * run(
   *   ({ texts }) => texts.groupByKey().windowedBy(tumbling('5m', { grace: '30s' }), { emit: 'close' }).count(),
   *   ['texts', 'a', 'x', 0],
   *   ['texts', 'a', 'y', 330_000],
   * )
   * // → [["a@0..300000",1]]
   */
  windowedBy<W>(windows: WindowChoice<W>, options: WindowedByOptions = {}): WindowedBy<K, V, W> {
    const { emit = 'update' } = requireKnown(options, windowedByOptions, 'windowedBy')
    requireWord('emit', emit, ['update', 'close'])
    requireWindows(windows)
    const state = { grouping: this.grouping, windows: windows as Windows, emit }
    if (state.emit === 'close' && state.windows.kind === 'unlimited')
      throw new TopologyError('MR_WINDOW_EMIT', { window: state.windows.kind })
    const made =
      state.windows.kind === 'session' ? new SessionWindowedKStream<K, V>(state) : new TimeWindowedKStream<K, V>(state)
    return made as never
  }

  /**
   * Begins an aggregate of several grouped streams; add the others to the result and call its `aggregate`.
   *
   * @example
   * run(
   *   ({ orders, payments }) =>
   *     orders
   *       .groupByKey()
   *       .cogroup({ init: () => 0, add: (due, order) => due + order.cents })
   *       .cogroup(payments.groupByKey(), (due, cents) => due - cents)
   *       .aggregate({ store: 'due' }),
   *   ['orders', 'o1', { user: 'ada', item: 'tea', cents: 250 }],
   *   ['payments', 'o1', 250],
   * )
   * // → [["o1",250],["o1",0]]
   */
  cogroup<Agg, R extends Agg | null>(
    options: Pick<AggregateOptions<K, NotNull<V>, Agg, R>, 'init' | 'add'>,
  ): CogroupedKStream<K, Agg, NullOf<R>> {
    const known = requireKnown(options, cogroupOptions, 'cogroup')
    const { init, add } = requireFunctions('cogroup', known, ['init', 'add'])
    return new CogroupedKStream({ init, inputs: new Map([[this.grouping, add as never]]) })
  }

  #aggregate(
    options: TableOptions<any, any>,
    what: Pick<StreamAggregation, 'prefix' | 'counts'> & {
      readonly value: Serde<any> | null
      supplier(store: string): TableSupplier<any, any>
    },
  ): any {
    requireShape(options, 'table', 'an aggregation without windows')
    const state = aggregateGrouping(this.grouping, options, {
      ...what,
      store: tableStore,
      resultKey: (key) => key,
      graceMs: null,
    })
    return state.plan.faces.table(state)
  }
}
