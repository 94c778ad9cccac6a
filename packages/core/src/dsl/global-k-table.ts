/**
 * A table that every instance holds whole, filled by a task of its own. Streams join it by any key, without a repartition
 * topic; it is not synchronised with them in time.
 */
import { type TableValueGetterSupplier } from '../operator/table-value-getter.ts'
import type { Plan } from './plan.ts'

export interface GlobalTableState {
  readonly plan: Plan
  readonly queryableName: string | null
  readonly rows: TableValueGetterSupplier<any, any>
}

/** Rows with keys of type `K` and values of type `V`. */
export class GlobalKTable<out K, out V> {
  /** @internal */
  readonly globalState: GlobalTableState
  declare protected readonly rows: readonly [K, V]

  /** @internal */
  constructor(state: GlobalTableState) {
    this.globalState = state
  }

  /** Name of the store under which the table can be queried; null when it was not named. */
  get queryableStoreName(): string | null {
    return this.globalState.queryableName
  }
}
