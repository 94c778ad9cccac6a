/**
 * What all operators that make a table have in common, besides making processors: whoever reads the table asks for a
 * way to look rows up, and may ask for old values, while the topology is built.
 *
 * Both questions may turn a table that had no store into one that has: a source table is stored only when somebody
 * needs it (Kafka: `queryableName`). So `create` must be called after the topology is complete, as builders do.
 */
import type { Processor } from '../processor/processor.ts'
import type { TableValueGetterSupplier } from './table-value-getter.ts'

/** A table as operators below it see it. `KTable` of the DSL and every table supplier implement it. */
export interface TableParent<K, V> {
  /**
   * How rows of this table are looked up by another node. Materialises a source table.
   * The node that reads must be connected to the getter's stores.
   */
  valueGetterSupplier(): TableValueGetterSupplier<K, V>
  /**
   * Asks that changes carry the old value.
   *
   * @param forceMaterialization true: a source table that has no store gets one
   * @returns false when there is no store and none was forced: changes will have `oldValue: null`
   */
  enableSendOldValues(forceMaterialization: boolean): boolean
}

/** Makes the processors of one table node, one per task. `K` and `V` are those of the table that comes out. */
export interface TableSupplier<K, V> extends TableParent<K, V> {
  create(): Processor<never, never, never, never>
}

/** A supplier that behaves differently below a versioned table; the DSL sets it after the whole topology is known. */
export interface VersionedAware {
  /** True: the parent (join: this side) is versioned, so changes that are not the latest are left out (KIP-914). */
  useVersionedSemantics: boolean
}
