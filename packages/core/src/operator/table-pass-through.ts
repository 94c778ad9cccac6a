/**
 * Brings the inputs of a cogroup together: every input aggregates into the one store and forwards its changes here,
 * where the result continues as one table.
 */
import type { Change } from '../record/change.ts'
import type { Processor } from '../processor/processor.ts'
import { passThrough } from './pass-through.ts'
import type { TableSupplier } from './table-supplier.ts'
import type { TableValueGetterSupplier } from './table-value-getter.ts'

/**
 * Supplier of the node that merges aggregates of one store; at least one input.
 *
 * Errors: none.
 *
 * @see Kafka Streams `KTablePassThrough`; cogroup: KIP-150
 * @example
 * run(
 *   ({ orders, payments }) =>
 *     orders
 *       .groupByKey()
 *       .cogroup({ init: () => 0, add: (due, order) => due + order.cents })
 *       .cogroup(payments.groupByKey(), (due, cents) => due - cents)
 *       .aggregate(),
 *   ['orders', 'o1', { user: 'ada', item: 'tea', cents: 250 }],
 *   ['payments', 'o1', 200],
 * )
 * // → [["o1",250],["o1",50]]
 */
export function mergeAggregates<K, Agg>(inputs: readonly TableSupplier<K, Agg>[]): TableSupplier<K, Agg> {
  return {
    enableSendOldValues(): boolean {
      for (const input of inputs) input.enableSendOldValues(true)
      return true
    },
    valueGetterSupplier: (): TableValueGetterSupplier<K, Agg> =>
      (inputs[0] as TableSupplier<K, Agg>).valueGetterSupplier(),
    create: (): Processor<K, Change<Agg>, K, Change<Agg>> => passThrough<K, Change<Agg>>()(),
  }
}
