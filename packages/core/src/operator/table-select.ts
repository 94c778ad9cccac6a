/**
 * Re-keys the changes of a table for a grouping: what lies between `groupBy` and the repartition topic.
 *
 * A change of a row is two facts for the aggregation, "take the old value out of its group" and "put the new one into
 * its group". When both are in the same group they travel as one record, so that the group is updated at once
 * (KIP-904); else as two, the old one first. While `upgrade.from` names a version up to 3.4 they always travel as
 * two, because those versions cannot read a record with both.
 */
import { requireFunction } from './required-function.ts'
import { RecordError } from '../errors.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { ValueMapper } from './functions.ts'
import { sameKey } from './same-key.ts'
import type { VersionedAware } from './table-supplier.ts'
import { wrongPair } from './undefined-result.ts'

/** Group and value of a row. A side with a null pair, key or value takes no part in the aggregation. */
export type RowSelector<K, V, KOut, VOut> = ValueMapper<K, V, readonly [KOut | null, VOut | null] | null>

/** Makes the node; the table above it must send old values. */
export interface TableSelect<K, V, KOut, VOut> extends VersionedAware {
  create(): Processor<K, Change<V>, KOut, Change<VOut>>
}

/**
 * Supplier of the node of `groupBy` of a table. The DSL asks the parent for old values, with a store if need be.
 *
 * @throws {MR_OPERATOR_NULL_KEY} (RecordError, while processing) a row with a null key
 * @see Kafka Streams `KTableRepartitionMap`
 * @example
 * run(
 *   ({ cities }) => cities.groupBy((city, user) => [city, user], { key: string(), value: string() }).count(),
 *   ['cities', 'ada', 'London'],
 * )
 * // → [["London",1]]
 */
export function selectTable<K, V, KOut, VOut>(selector: RowSelector<K, V, KOut, VOut>): TableSelect<K, V, KOut, VOut> {
  requireFunction('groupBy', selector)
  return {
    useVersionedSemantics: false,
    create(): Processor<K, Change<V>, KOut, Change<VOut>> {
      return new SelectTable(selector, this.useVersionedSemantics)
    },
  }
}

class SelectTable<K, V, KOut, VOut> implements Processor<K, Change<V>, KOut, Change<VOut>> {
  private readonly selector: RowSelector<K, V, KOut, VOut>
  private readonly latestOnly: boolean
  private context!: OperatorContext<KOut, Change<VOut>>
  private sendsBoth = true

  constructor(selector: RowSelector<K, V, KOut, VOut>, latestOnly: boolean) {
    this.selector = selector
    this.latestOnly = latestOnly
  }

  init(context: ProcessorContext<KOut, Change<VOut>>): void {
    this.context = context as OperatorContext<KOut, Change<VOut>>
    this.sendsBoth = !readsOneValueOnly(this.context.config('upgrade.from'))
  }

  process(record: StreamRecord<K, Change<V>>): void {
    const { key, value: update, timestampMs, headers } = record
    if (key === null || key === undefined)
      throw new RecordError('MR_OPERATOR_NULL_KEY', { operator: 'groupBy of a table', store: 'none' })
    if (this.latestOnly && !update.isLatest) return
    const added = this.select(update.newValue, key)
    const removed = this.select(update.oldValue, key)
    if (this.sendsBoth && removed !== null && added !== null && sameKey(removed[0], added[0])) {
      const both = change(added[1], removed[1], update.isLatest)
      this.context.forward(makeRecord(added[0], both, timestampMs, headers))
      return
    }
    if (removed !== null) {
      const out = change<VOut>(null, removed[1], update.isLatest)
      this.context.forward(makeRecord(removed[0], out, timestampMs, headers))
    }
    if (added !== null) {
      const into = change<VOut>(added[1], null, update.isLatest)
      this.context.forward(makeRecord(added[0], into, timestampMs, headers))
    }
  }

  private select(value: V | null, key: K): readonly [KOut, VOut] | null {
    if (value === null) return null
    const selector = this.selector
    const pair = selector(value, key, this.context.recordContext)
    if (pair === null) return null
    if (typeof pair !== 'object' || pair[0] === undefined || pair[1] === undefined)
      throw wrongPair('groupBy of a table', pair, key)
    return pair[0] === null || pair[1] === null ? null : (pair as readonly [KOut, VOut])
  }
}

/** True for `upgrade.from` of versions that read a change with one value only: all up to 3.4. */
function readsOneValueOnly(upgradeFrom: string | number | boolean | undefined): boolean {
  if (upgradeFrom === undefined) return false
  const [major, minor] = String(upgradeFrom).split('.').map(Number)
  return major !== undefined && (major < 3 || (major === 3 && (minor ?? 0) <= 4))
}
