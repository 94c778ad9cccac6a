/**
 * Several grouped streams aggregated into one table: each input has its own `add`, all share one row per key.
 */
import type { Windows } from '../window/retention.ts'
import { aggregateStream } from '../operator/stream-aggregate.ts'
import type { TableSupplier } from '../operator/table-supplier.ts'
import { mergeAggregates } from '../operator/table-pass-through.ts'
import type { RecordContext } from '../processor/processor.ts'
import type { Windowed } from '../record/windowed.ts'
import type { Serde } from '../serde/serde.ts'
import type { StoreSpec } from '../topology/store-spec.ts'
import type { SessionWindows } from '../window/session-windows.ts'
import type { GroupedInput, Grouping } from './grouped-state.ts'
import type { KGroupedStream } from './k-grouped-stream.ts'
import type { KTable } from './k-table.ts'
import { type Materialized, materialize, materializedSpec, requireShape, tableStore } from './materialized.ts'
import type { NotNull, NullOf, TableOptions } from './options.ts'
import type { PlanNode } from './plan-node.ts'
import { type TableState, copartition, processorNode } from './stream-state.ts'
import { tableNode } from './table-node.ts'
import { type WindowedTableOptions, storedWindows } from './windowed-streams.ts'
import { windowGraceMs, windowedKey, windowedStore } from './windowed-store.ts'
import { windowedSupplier } from './windowed-supplier.ts'
import { requireWindows, type WindowChoice } from './windows-choice.ts'
import { requireKnown } from '../known-options.ts'
import { sessionCogroupOptions, tableOptions, windowedTableOptions } from './option-lists.ts'
import { requireFunction, requireFunctions } from '../operator/required-function.ts'
import { requirePartner } from './join-partner.ts'

type Adder = (aggregate: never, value: never, key: never, context: RecordContext) => unknown

/** Inputs in the order in which they were first named; a grouping named again gets the later `add`. */
export interface CogroupState {
  readonly init: () => unknown
  readonly inputs: ReadonlyMap<Grouping, Adder>
}

/** How two sessions that a record connects become one. */
export interface SessionCogroupOptions<K, Agg> extends WindowedTableOptions<K, Agg> {
  merge(this: void, one: Agg, two: Agg, key: K, context: RecordContext): Agg
}

/** Grouped streams on their way into one aggregate of type `Agg`. */
export class CogroupedKStream<K, Agg, Deleted = never> {
  readonly #state: CogroupState

  /** @internal */
  constructor(state: CogroupState) {
    this.#state = state
  }

  /** Adds another input. */
  cogroup<V, R extends Agg | null>(
    other: KGroupedStream<K, V>,
    add: (aggregate: Agg, value: NotNull<V>, key: K, context: RecordContext) => R,
  ): CogroupedKStream<K, Agg, Deleted | NullOf<R>> {
    requireFunction('cogroup', add)
    const [[first] = []] = this.#state.inputs
    const { plan } = (first as Grouping).state
    requirePartner(other, other?.grouping?.state, { where: 'cogroup', accepted: 'a grouped stream', plan })
    const inputs = new Map(this.#state.inputs).set(other.grouping, add as Adder)
    return new CogroupedKStream({ ...this.#state, inputs })
  }

  /** Cuts all inputs into windows. */
  windowedBy<W>(
    windows: WindowChoice<W>,
  ): W extends SessionWindows
    ? SessionWindowedCogroupedKStream<K, Agg>
    : TimeWindowedCogroupedKStream<K, Agg, Deleted> {
    requireWindows(windows)
    const made =
      (windows as Windows).kind === 'session'
        ? new SessionWindowedCogroupedKStream(this.#state, windows as Windows)
        : new TimeWindowedCogroupedKStream(this.#state, windows as Windows)
    return made as never
  }

  /** One row per key out of all inputs. */
  aggregate(options: TableOptions<K, Agg> = {}): KTable<K, Agg, Deleted> {
    requireShape(requireKnown(options, tableOptions, 'aggregate'), 'table', 'a cogroup without windows')
    const { init } = this.#state
    return cogrouped(this.#state, options, {
      store: tableStore,
      supplier: (store, add) => aggregateStream({ store, init, add: add as never }),
      resultKey: (key) => key,
      graceMs: null,
    })
  }
}

/** Cogrouped streams in tumbling, hopping, sliding or unlimited windows. */
export class TimeWindowedCogroupedKStream<K, Agg, Deleted = never> {
  readonly #state: CogroupState
  readonly #windows: Windows

  /** @internal */
  constructor(state: CogroupState, windows: Windows) {
    this.#state = state
    this.#windows = windows
  }

  /** One row per key and window out of all inputs. */
  aggregate(options: WindowedTableOptions<K, Agg> = {}): KTable<Windowed<K>, Agg, Deleted> {
    requireKnown(options, windowedTableOptions, 'aggregate')
    return windowedCogroup(this.#state, this.#windows, { options, merge: (one) => one })
  }
}

/** Cogrouped streams in sessions. */
export class SessionWindowedCogroupedKStream<K, Agg> {
  readonly #state: CogroupState
  readonly #windows: Windows

  /** @internal */
  constructor(state: CogroupState, windows: Windows) {
    this.#state = state
    this.#windows = windows
  }

  /** One row per key and session out of all inputs; `merge` makes one session of two. */
  aggregate(options: SessionCogroupOptions<K, Agg>): KTable<Windowed<K>, Agg, null> {
    requireFunctions('aggregate', requireKnown(options, sessionCogroupOptions, 'aggregate'), ['merge'])
    return windowedCogroup(this.#state, this.#windows, { options, merge: options.merge as never })
  }
}

function windowedCogroup(
  state: CogroupState,
  windows: Windows,
  { options, merge }: { options: WindowedTableOptions<any, any>; merge: (one: unknown, two: unknown) => unknown },
): any {
  const { init, inputs } = state
  const sharesStore = inputs.size > 1
  return cogrouped(state, storedWindows(windows, options), {
    store: (materialized) => windowedStore(windows, 'update', materialized),
    supplier: (store, add) =>
      windowedSupplier(windows, 'update', { store, fold: { init, add: add as never, merge, sharesStore } }),
    resultKey: (key) => windowedKey(windows, key),
    graceMs: windowGraceMs(windows),
  })
}

interface Cogroup {
  store(materialized: Materialized): StoreSpec
  supplier(store: string, add: Adder): TableSupplier<any, any>
  resultKey(key: Serde<unknown> | null): Serde<unknown> | null
  readonly graceMs: number | null
}

function cogrouped({ inputs }: CogroupState, options: TableOptions<any, any>, cogroup: Cogroup): any {
  const [[first] = []] = inputs
  const { plan } = (first as Grouping).state
  // equal keys must have equal bytes in all inputs and in the store: the first serde that is known serves those without
  const key = [...inputs.keys()].map(({ state }) => state.key).find((each) => each !== null) ?? null
  const prefix = 'COGROUPKSTREAM-AGGREGATE-'
  const materialized = materialize(plan, materializedSpec(options), { prefix, key, value: null })
  const { storeName, queryableName } = materialized
  const store = cogroup.store(materialized)
  const above = new Map<Grouping, GroupedInput>()
  for (const grouping of inputs.keys()) above.set(grouping, grouping.input(materialized, key))
  const [one, ...others] = [...above.values()] as [GroupedInput, ...GroupedInput[]]
  const sources = copartition({ plan, sources: one.sources }, others)
  const nodes: PlanNode[] = []
  const suppliers: TableSupplier<any, any>[] = []
  for (const [grouping, add] of inputs) {
    const suffix = `-cogroup-agg-${nodes.length}`
    const name = plan.nameOr(options.name, prefix, suffix)
    const supplier = cogroup.supplier(storeName, add)
    const node =
      nodes.length === 0
        ? tableNode({ name, supplier, store })
        : tableNode({ name, supplier, store: null, reads: () => [storeName] })
    node.windowGraceMs = cogroup.graceMs
    plan.add((above.get(grouping) as GroupedInput).node, node)
    nodes.push(node)
    suppliers.push(supplier)
  }
  const name = plan.nameOr(options.name, 'COGROUPKSTREAM-MERGE-', '-cogroup-merge')
  const supplier = mergeAggregates(suppliers)
  const node = processorNode({ name, create: () => supplier.create() })
  plan.add(nodes, node)
  const resultKey = cogroup.resultKey(materialized.key)
  const state: TableState = {
    plan,
    name,
    node,
    key: resultKey,
    value: materialized.value,
    sources,
    queryableName,
    supplier,
  }
  return plan.faces.table(state)
}
