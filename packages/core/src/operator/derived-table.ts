/** Looking rows up in a table without a store: its row is computed from the row of its parent. */
import type { OperatorContext } from '../processor/processor.ts'
import type { ValueAndTimestamp } from '../store/store.ts'
import type { TableValueGetter, TableValueGetterSupplier } from './table-value-getter.ts'

/** A supplier whose getters wrap those of the parent; the stores are the parent's. */
export function derivedTable<K, VIn, VOut>(
  parent: TableValueGetterSupplier<K, VIn>,
  derive: (getter: TableValueGetter<K, VIn>) => TableValueGetter<K, VOut>,
): TableValueGetterSupplier<K, VOut> {
  return { storeNames: parent.storeNames, create: () => derive(parent.create()) }
}

/** Computes a row from the row of the parent; subclasses say how. */
export abstract class DerivedGetter<K, VIn, VOut> implements TableValueGetter<K, VOut> {
  protected context!: OperatorContext<never, never>
  private readonly parent: TableValueGetter<K, VIn>

  constructor(parent: TableValueGetter<K, VIn>) {
    this.parent = parent
  }

  init(context: OperatorContext<never, never>): void {
    this.context = context
    this.parent.init(context)
  }

  close(): void {
    this.parent.close?.()
  }

  get isVersioned(): boolean {
    return this.parent.isVersioned
  }

  get(key: K): ValueAndTimestamp<VOut> | null {
    return this.derive(key, this.parent.get(key))
  }

  getAsOf(key: K, timestampMs: number): ValueAndTimestamp<VOut> | null {
    return this.derive(key, this.parent.getAsOf(key, timestampMs))
  }

  /** The row of this table; null when the parent's row makes none. */
  protected abstract derive(key: K, row: ValueAndTimestamp<VIn> | null): ValueAndTimestamp<VOut> | null
}
