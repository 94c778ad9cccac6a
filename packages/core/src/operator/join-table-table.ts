/**
 * One side of a join of two tables of the same key: a change of a row looks up the other table's row and forwards the
 * change of the result. Both sides' changes meet in the node behind them (`mergeJoinedTables`).
 *
 * | kind  | a change of the left row | a change of the right row |
 * |---|---|---|
 * | inner | needs the right row, else nothing | needs the left row, else nothing |
 * | left  | `(l, r or null)`, or a deletion with l | needs the left row, else nothing; `(l, r or null)` |
 * | outer | `(l or null, r or null)` while one is there, else a deletion | the same |
 *
 * Nothing comes out when neither row nor change says anything: a deletion of a row that was not there. The result's
 * time is the greater of the change's and the other row's. Changes of a versioned table that are not the latest are
 * dropped and counted (KIP-914); results are never versioned.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { type Change, change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { JoinSide, ValueAndTimestamp } from '../store/store.ts'
import type { Joiner } from './functions.ts'
import type { TableParent, TableSupplier, VersionedAware } from './table-supplier.ts'
import type { TableValueGetter, TableValueGetterSupplier } from './table-value-getter.ts'
import { undefinedResult } from './undefined-result.ts'

export type TableJoinKind = 'inner' | 'left' | 'outer'

/** What a join of two tables is made of; both sides get the same, with another `side`. */
export interface TableJoin<K, L, R, VOut> {
  readonly kind: TableJoinKind
  /** Whose changes the node gets. */
  readonly side: JoinSide
  readonly left: TableParent<K, L>
  readonly right: TableParent<K, R>
  /** Null for a row that is missing, as far as the kind allows it. */
  readonly joiner: Joiner<K, L | null, R | null, VOut | null>
}

/** A side while the topology is built. */
export interface TableJoinSupplier<K, VOut> extends TableSupplier<K, VOut>, VersionedAware {
  /** Stores of the other table, which the node must be connected to. */
  readonly otherStores: readonly string[]
}

/**
 * Supplier of the node of one side. Gives both tables a store, since each change looks the other table up.
 *
 * Units: the time of a result is the greater of both rows, ms. Errors: what the joiner throws goes to the processing
 * handler.
 *
 * @see Kafka Streams `KTableKTableInnerJoin`, `KTableKTableLeftJoin`, `KTableKTableOuterJoin`
 * @example
 * run(
 *   ({ users, cities }) => users.leftJoin(cities, (name, city) => `${name} of ${city ?? 'nowhere'}`),
 *   ['users', 'u1', 'Ada'],
 *   ['cities', 'u1', 'London'],
 * )
 * // → [["u1","Ada of nowhere"],["u1","Ada of London"]]
 */
export function joinTables<K, L, R, VOut>(options: TableJoin<K, L, R, VOut>): TableJoinSupplier<K, VOut> {
  return new JoinSupplier(options)
}

class JoinSupplier<K, L, R, VOut> implements TableJoinSupplier<K, VOut> {
  useVersionedSemantics = false
  private sendOldValues = false
  private readonly options: TableJoin<K, L, R, VOut>
  private readonly leftGetter: TableValueGetterSupplier<K, L>
  private readonly rightGetter: TableValueGetterSupplier<K, R>

  constructor(options: TableJoin<K, L, R, VOut>) {
    this.options = options
    this.leftGetter = options.left.valueGetterSupplier()
    this.rightGetter = options.right.valueGetterSupplier()
  }

  get otherStores(): readonly string[] {
    return this.options.side === 'left' ? this.rightGetter.storeNames : this.leftGetter.storeNames
  }

  enableSendOldValues(): boolean {
    this.options.left.enableSendOldValues(true)
    this.options.right.enableSendOldValues(true)
    this.sendOldValues = true
    return true
  }

  valueGetterSupplier(): TableValueGetterSupplier<K, VOut> {
    const { kind, joiner } = this.options
    const storeNames = [...new Set([...this.leftGetter.storeNames, ...this.rightGetter.storeNames])]
    const create = (): TableValueGetter<K, VOut> =>
      new JoinedGetter(this.leftGetter.create(), this.rightGetter.create(), { kind, joiner })
    return { storeNames, create }
  }

  create(): Processor<K, Change<L | R>, K, Change<VOut>> {
    const other: TableValueGetter<K, L | R> =
      this.options.side === 'left' ? this.rightGetter.create() : this.leftGetter.create()
    const { sendOldValues, useVersionedSemantics } = this
    return new JoinTables(this.options, other, { sendOldValues, latestOnly: useVersionedSemantics })
  }
}

class JoinTables<K, L, R, VOut> implements Processor<K, Change<L | R>, K, Change<VOut>> {
  private readonly joiner: Joiner<K, L | null, R | null, VOut | null>
  private readonly isLeft: boolean
  /** True: without the other row there is no result, so its changes say nothing. */
  private readonly needsOther: boolean
  /** What a missing row on this side gives: a deletion, a result with null, or that only if the other row is there. */
  private readonly missing: 'deletes' | 'joins' | 'joins-other'
  private readonly other: TableValueGetter<K, L | R>
  private readonly sendOldValues: boolean
  private readonly latestOnly: boolean
  private context!: OperatorContext<K, Change<VOut>>

  constructor(
    { kind, side, joiner }: TableJoin<K, L, R, VOut>,
    other: TableValueGetter<K, L | R>,
    settings: { readonly sendOldValues: boolean; readonly latestOnly: boolean },
  ) {
    this.joiner = joiner
    this.isLeft = side === 'left'
    this.needsOther = kind === 'inner' || (kind === 'left' && side === 'right')
    this.missing = kind === 'outer' ? 'joins-other' : kind === 'left' && side === 'right' ? 'joins' : 'deletes'
    this.other = other
    this.sendOldValues = settings.sendOldValues
    this.latestOnly = settings.latestOnly
  }

  init(context: ProcessorContext<K, Change<VOut>>): void {
    this.context = context as OperatorContext<K, Change<VOut>>
    this.other.init(this.context)
  }

  close(): void {
    this.other.close?.()
  }

  process(record: StreamRecord<K, Change<L | R>>): void {
    const { key, value: update } = record
    if (key === null || key === undefined) {
      this.context.droppedRecord('null key')
      return
    }
    if (this.latestOnly && !update.isLatest) {
      this.context.droppedRecord('out-of-order record of a versioned table')
      return
    }
    const row = this.other.get(key)
    if (row === null && (this.needsOther || (update.newValue === null && update.oldValue === null))) return
    const otherValue = row === null ? null : row.value
    const newValue = this.joined(key, update.newValue, otherValue)
    const oldValue = this.sendOldValues ? this.joined(key, update.oldValue, otherValue) : null
    const timestampMs = row === null ? record.timestampMs : Math.max(record.timestampMs, row.timestampMs)
    this.context.forward(makeRecord(key, change(newValue, oldValue, update.isLatest), timestampMs, record.headers))
  }

  private joined(key: K, value: L | R | null, other: L | R | null): VOut | null {
    if (value === null && (this.missing === 'deletes' || (this.missing === 'joins-other' && other === null)))
      return null
    const joiner = this.joiner
    const context = this.context.recordContext
    const result = this.isLeft
      ? joiner(value as L | null, other as R | null, key, context)
      : joiner(other as L | null, value as R | null, key, context)
    if (result === undefined) throw undefinedResult('the join of tables', key)
    return result
  }
}

/** Rows of a join without a store: computed from both tables. */
class JoinedGetter<K, L, R, VOut> implements TableValueGetter<K, VOut> {
  readonly isVersioned = false
  private readonly left: TableValueGetter<K, L>
  private readonly right: TableValueGetter<K, R>
  private readonly kind: TableJoinKind
  private readonly joiner: Joiner<K, L | null, R | null, VOut | null>
  private context!: OperatorContext<never, never>

  constructor(
    left: TableValueGetter<K, L>,
    right: TableValueGetter<K, R>,
    { kind, joiner }: Pick<TableJoin<K, L, R, VOut>, 'kind' | 'joiner'>,
  ) {
    this.left = left
    this.right = right
    this.kind = kind
    this.joiner = joiner
  }

  init(context: OperatorContext<never, never>): void {
    this.context = context
    this.left.init(context)
    this.right.init(context)
  }

  close(): void {
    this.left.close?.()
    this.right.close?.()
  }

  get(key: K): ValueAndTimestamp<VOut> | null {
    const { joiner, kind } = this
    const left = this.left.get(key)
    if (left === null && kind !== 'outer') return null
    const right = this.right.get(key)
    if (right === null && (kind === 'inner' || left === null)) return null
    const leftValue = left === null ? null : left.value
    const value = joiner(leftValue, right === null ? null : right.value, key, this.context.recordContext)
    if (value === undefined) throw undefinedResult('the join of tables', key)
    const timestampMs = Math.max(left === null ? -1 : left.timestampMs, right === null ? -1 : right.timestampMs)
    return value === null ? null : { value, timestampMs }
  }

  getAsOf(key: K): ValueAndTimestamp<VOut> | null {
    return this.get(key)
  }
}
