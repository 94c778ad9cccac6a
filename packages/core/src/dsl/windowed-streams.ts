/**
 * A grouped stream cut into windows: aggregations of it have one row per key and window, and come out with each update or
 * once when the window closes.
 *
 * Null values reach the functions of time and session windows, as in Kafka; sliding windows drop them.
 */
import { requireFunction, requireFunctions } from '../operator/required-function.ts'
import type { Windows } from '../window/retention.ts'
import type { EmitStrategy } from '../operator/emit-on-close.ts'
import { type WindowFold, countingFold, reducingFold } from '../operator/window-fold.ts'
import type { RecordContext } from '../processor/processor.ts'
import type { Windowed } from '../record/windowed.ts'
import { int64 } from '../serde/int64.ts'
import type { Serde } from '../serde/serde.ts'
import { type Duration, durationMs } from '../time/duration.ts'
import { aggregateGrouping } from './aggregate-stream.ts'
import type { Grouping } from './grouped-state.ts'
import type { KTable } from './k-table.ts'
import { materializedSpec, requireShape } from './materialized.ts'
import type { NullOf, Sync, TableOptions } from './options.ts'
import { windowGraceMs, windowedKey, windowedStore } from './windowed-store.ts'
import { windowedSupplier } from './windowed-supplier.ts'
import { requireKnown } from '../known-options.ts'
import { sessionAggregateOptions, windowedAggregateOptions, windowedTableOptions } from './option-lists.ts'

/** How the result of a windowed aggregation is kept. `key` is the serde of the plain keys. */
export interface WindowedTableOptions<K, V> extends TableOptions<K, V> {
  /** How long windows are kept after their start (sessions: end); default and least: size and grace. */
  readonly retention?: Duration
}

/** What a windowed aggregation does. Null from `add` deletes the window's row. */
export interface WindowedAggregateOptions<K, V, Agg, R> extends WindowedTableOptions<K, Agg> {
  init(this: void): Sync<Agg>
  add(this: void, aggregate: Agg, value: V, key: K, context: RecordContext): R
}

/** As above, and how two sessions that a record connects become one. */
export interface SessionAggregateOptions<K, V, Agg, R> extends WindowedAggregateOptions<K, V, Agg, R> {
  merge(this: void, one: Agg, two: Agg, key: K, context: RecordContext): Agg
}

/** What both kinds of windowed streams hold. */
export interface WindowedState {
  readonly grouping: Grouping
  readonly windows: Windows
  readonly emit: EmitStrategy
}

/** A stream grouped by key and cut into tumbling, hopping, sliding or unlimited windows. */
export class TimeWindowedKStream<out K, out V> {
  readonly #state: WindowedState

  /** @internal */
  constructor(state: WindowedState) {
    this.#state = state
  }

  /** Number of records per key and window. */
  count(options: WindowedTableOptions<K, number> = {}): KTable<Windowed<K>, number, never> {
    return aggregated(this.#state, requireKnown(options, windowedTableOptions, 'count'), counting(this.#state))
  }

  /** One value per key and window out of two, again and again; the first is taken as it is. Null deletes the row. */
  reduce<R extends V | null>(
    reducer: (aggregate: V, value: V, key: K, context: RecordContext) => R,
    options: WindowedTableOptions<K, V> = {},
  ): KTable<Windowed<K>, V, NullOf<R>> {
    return aggregated(
      this.#state,
      requireKnown(options, windowedTableOptions, 'reduce'),
      reducing(this.#state, reducer),
    )
  }

  /** One value of another type per key and window. */
  aggregate<Agg, R extends Agg | null>(
    options: WindowedAggregateOptions<K, V, Agg, R>,
  ): KTable<Windowed<K>, Agg, NullOf<R>> {
    const known = requireKnown(options, windowedAggregateOptions, 'aggregate')
    const { init, add } = requireFunctions('aggregate', known, ['init', 'add'])
    const fold = { init, add: add as never, merge: (one: unknown) => one }
    return aggregated(this.#state, options, { prefix: 'KSTREAM-AGGREGATE-', value: null, fold })
  }
}

/** A stream grouped by key and cut into sessions. When sessions merge, the old ones are deleted. */
export class SessionWindowedKStream<out K, out V> {
  readonly #state: WindowedState

  /** @internal */
  constructor(state: WindowedState) {
    this.#state = state
  }

  /** Number of records per key and session. */
  count(options: WindowedTableOptions<K, number> = {}): KTable<Windowed<K>, number, null> {
    return aggregated(this.#state, requireKnown(options, windowedTableOptions, 'count'), counting(this.#state))
  }

  /** One value per key and session out of two, again and again; the first is taken as it is. Null deletes the row. */
  reduce<R extends V | null>(
    reducer: (aggregate: V, value: V, key: K, context: RecordContext) => R,
    options: WindowedTableOptions<K, V> = {},
  ): KTable<Windowed<K>, V, null> {
    return aggregated(
      this.#state,
      requireKnown(options, windowedTableOptions, 'reduce'),
      reducing(this.#state, reducer),
    )
  }

  /** One value of another type per key and session; `merge` makes one of two. */
  aggregate<Agg, R extends Agg | null>(options: SessionAggregateOptions<K, V, Agg, R>): KTable<Windowed<K>, Agg, null> {
    const known = requireKnown(options, sessionAggregateOptions, 'aggregate')
    const { init, add, merge } = requireFunctions('aggregate', known, ['init', 'add', 'merge'])
    const fold = { init, add: add as never, merge }
    return aggregated(this.#state, options, { prefix: 'KSTREAM-AGGREGATE-', value: null, fold })
  }
}

interface WindowedAggregation {
  readonly prefix: 'KSTREAM-AGGREGATE-' | 'KSTREAM-REDUCE-'
  readonly value: Serde<any> | null
  readonly fold: WindowFold<any, any, any>
  /** Kafka's `count` with a store that has no name uses up one number more, except over sliding windows. */
  readonly counts?: true
}

function counting({ windows }: WindowedState): WindowedAggregation {
  const counts = windows.kind === 'sliding' ? {} : { counts: true as const }
  return { prefix: 'KSTREAM-AGGREGATE-', value: int64(), fold: countingFold(), ...counts }
}

function reducing({ grouping }: WindowedState, reducer: unknown): WindowedAggregation {
  return {
    prefix: 'KSTREAM-REDUCE-',
    value: grouping.state.value,
    fold: reducingFold(requireFunction('reduce', reducer) as never),
  }
}

function aggregated(state: WindowedState, options: WindowedTableOptions<any, any>, what: WindowedAggregation): any {
  const { grouping, windows, emit } = state
  const table = aggregateGrouping(grouping, storedWindows(windows, options), {
    ...what,
    store: (materialized) => windowedStore(windows, emit, materialized),
    supplier: (store) => windowedSupplier(windows, emit, { store, fold: what.fold }),
    resultKey: (key) => windowedKey(windows, key),
    graceMs: windowGraceMs(windows),
  })
  return grouping.state.plan.faces.table(table)
}

/** The options with their retention in the description of the store. @throws {MR_TOPOLOGY_STORE_SHAPE} */
export function storedWindows(windows: Windows, options: WindowedTableOptions<any, any>): TableOptions<any, any> {
  requireShape(options, windows.kind === 'session' ? 'session' : 'window', 'a windowed aggregation')
  if (options.retention === undefined) return options
  const retentionMs = durationMs(options.retention, 'retention')
  return { ...options, materialized: { ...materializedSpec(options), retentionMs } }
}
