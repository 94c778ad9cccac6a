/** Tables made from one table by one node: `filter`, `mapValues`, `transformValues`. */
import type { TableSupplier, VersionedAware } from '../operator/table-supplier.ts'
import type { Serde } from '../serde/serde.ts'
import type { StoreSpec } from '../topology/store-spec.ts'
import {
  type Materialized,
  isVersioned,
  materialize,
  materializedSpec,
  requireShape,
  saysStore,
  tableStore,
} from './materialized.ts'
import type { TableOptions } from './options.ts'
import type { TableState } from './stream-state.ts'
import { tableNode } from './table-node.ts'

export interface DerivedTableSpec {
  readonly prefix: string
  /** Value serde of the result if it is not given: that of the parent where the type stays, else null. */
  readonly value: Serde<unknown> | null
  /** True: a store that is described but has no name uses up a number (it does not exist). */
  readonly burnsNumber: boolean
  /** Stores of others that the node reads. */
  readonly reads?: readonly string[]
  supplier(store: string | null): TableSupplier<any, any> & Partial<VersionedAware>
}

/** The result has a store only if it is named. */
export function deriveTable(state: TableState, options: TableOptions<any, any>, spec: DerivedTableSpec): TableState {
  const { plan } = state
  requireShape(options, 'table', 'a table')
  const given = saysStore(options) ? materializedSpec(options) : null
  if (given !== null && given.store === undefined && spec.burnsNumber) plan.nextStoreName(spec.prefix)
  const materialized =
    given === null || given.store === undefined ? null : materialize(plan, given, { ...state, ...spec })
  const name = plan.nameOr(options.name, spec.prefix)
  const supplier = spec.supplier(materialized?.storeName ?? null)
  const store = materialized === null ? null : tableStore(materialized)
  const reads = spec.reads ?? []
  const node = tableNode({ name, supplier, store, reads: () => reads })
  if (given !== null) node.outputVersioned = isVersioned(given)
  if (supplier.useVersionedSemantics !== undefined)
    node.enableVersioned = () => {
      supplier.useVersionedSemantics = true
    }
  plan.add(state.node, node)
  return {
    ...state,
    name,
    node,
    key: materialized?.key ?? given?.key ?? state.key,
    value: materialized?.value ?? given?.value ?? spec.value,
    queryableName: materialized?.queryableName ?? null,
    supplier,
  }
}

/** The store of a join's result: there whenever the user says anything about it, with a name or without. */
export function resultStore(
  state: TableState,
  options: TableOptions<any, any>,
  prefix: string,
): { readonly materialized: Materialized; readonly store: StoreSpec } | null {
  requireShape(options, 'table', 'the result of a join')
  if (!saysStore(options)) return null
  const materialized = materialize(state.plan, materializedSpec(options), { prefix, key: state.key, value: null })
  return { materialized, store: tableStore(materialized) }
}
