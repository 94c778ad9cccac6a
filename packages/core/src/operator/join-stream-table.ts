/**
 * Joins of a stream with a table or a global table: each stream record meets the row as it is now, or, in a versioned
 * table, as it was at the record's time (KIP-914). The table side never causes a result. The result has the record's
 * time.
 *
 * With grace (KIP-923) records first wait in a buffer until stream time has passed them by the grace, so that a table
 * that lags behind has the row; they come out in the order of time. A record that is already later than that is
 * joined at once.
 */
import { RecordError, TopologyError } from '../errors.ts'
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { BufferedRecord, JoinBuffer, StateStore } from '../store/store.ts'
import type { Joiner, KeyMapper } from './functions.ts'
import { keptContext } from './kept-context.ts'
import type { TableValueGetter, TableValueGetterSupplier } from './table-value-getter.ts'
import { undefinedResult } from './undefined-result.ts'

/** What a join of a stream with a table of the same key is made of. */
export interface StreamTableJoin<K, V, T, VOut> {
  /** The node must be connected to its stores. */
  readonly table: TableValueGetterSupplier<K, T>
  /** True: records without a row come out with null. */
  readonly left: boolean
  readonly joiner: Joiner<K, V, T | null, VOut>
  /** Name of the buffer of a join with grace; null = no grace. */
  readonly buffer: string | null
}

/** What a join of a stream with a global table is made of. */
export interface StreamGlobalTableJoin<K, V, KT, T, VOut> {
  /** `storedTable` of the global store; global stores need no connection. */
  readonly table: TableValueGetterSupplier<KT, T>
  readonly left: boolean
  /** Key of the row that a record meets; null = none. Also asked for records with a null value. */
  readonly key: KeyMapper<K, V, KT | null>
  /** Gets the key of the stream record. */
  readonly joiner: Joiner<K, V, T | null, VOut>
}

/**
 * Supplier of the node of a stream–table join. A null value is dropped and counted; so is a null key in an inner
 * join, a left join gives `(value, null)` for it (KIP-962).
 *
 * Units: grace in ms of event time.
 *
 * @throws {MR_OPERATOR_GRACE_UNVERSIONED} (TopologyError, at start) grace with a table that is not versioned
 * @throws {MR_OPERATOR_NULL_KEY} (RecordError, while processing) a null key in a left join with grace, as in Kafka
 * @see Kafka Streams `KStreamKTableJoin`; grace: KIP-923
 * @example
 * run(
 *   ({ texts, users }) => texts.leftJoin(users, (text, name) => `${name ?? 'somebody'}: ${text}`),
 *   ['texts', 'u1', 'hello'],
 *   ['users', 'u1', 'Ada'],
 *   ['texts', 'u1', 'hello again'],
 * )
 * // → [["u1","somebody: hello"],["u1","Ada: hello again"]]
 */
export function joinStreamTable<K, V, T, VOut>(
  options: StreamTableJoin<K, V, T, VOut>,
): () => Processor<K, V, K, VOut> {
  return () => new JoinStreamTable<K, V, K, T, VOut>({ ...options, key: null })
}

/**
 * Supplier of the node of a join with a global table. A null value, and in an inner join a null row key, is dropped and
 * counted.
 *
 * Errors: what `key` or the joiner throws goes to the processing handler.
 *
 * @see Kafka Streams `KStreamGlobalKTableJoin`; KIP-99
 * @example
 * run(
 *   ({ orders, countries }) => orders.join(countries, (order, name) => `${order.item} to ${name}`, { key: (o) => o.user }),
 *   ['countries', 'uk', 'Britain'],
 *   ['orders', 'o1', { user: 'uk', item: 'tea', cents: 250 }],
 * )
 * // → [["o1","tea to Britain"]]
 */
export function joinStreamGlobalTable<K, V, KT, T, VOut>(
  options: StreamGlobalTableJoin<K, V, KT, T, VOut>,
): () => Processor<K, V, K, VOut> {
  return () => new JoinStreamTable<K, V, KT, T, VOut>({ ...options, buffer: null })
}

interface JoinSettings<K, V, KT, T, VOut> {
  readonly table: TableValueGetterSupplier<KT, T>
  readonly left: boolean
  /** Null: the record's own key. */
  readonly key: KeyMapper<K, V, KT | null> | null
  readonly joiner: Joiner<K, V, T | null, VOut>
  readonly buffer: string | null
}

class JoinStreamTable<K, V, KT, T, VOut> implements Processor<K, V, K, VOut> {
  private readonly settings: JoinSettings<K, V, KT, T, VOut>
  private readonly table: TableValueGetter<KT, T>
  private context!: OperatorContext<K, VOut>
  private buffer: JoinBuffer<K, V> | null = null

  constructor(settings: JoinSettings<K, V, KT, T, VOut>) {
    this.settings = settings
    this.table = settings.table.create()
  }

  init(context: ProcessorContext<K, VOut>): void {
    this.context = context as OperatorContext<K, VOut>
    this.table.init(this.context)
    const name = this.settings.buffer
    if (name === null) return
    if (!this.table.isVersioned) throw new TopologyError('MR_OPERATOR_GRACE_UNVERSIONED', { buffer: name })
    this.buffer = this.context.getStateStore<StateStore>(name) as JoinBuffer<K, V>
  }

  close(): void {
    this.table.close?.()
  }

  process(record: StreamRecord<K, V>): void {
    const { value } = record
    const rowKey = this.rowKey(record)
    if (value === null || value === undefined || (rowKey === null && !this.settings.left)) {
      this.context.droppedRecord('null key or value')
      return
    }
    const { buffer } = this
    if (buffer === null) {
      this.join(record, rowKey)
      return
    }
    if (record.key === null || record.key === undefined)
      throw new RecordError('MR_OPERATOR_NULL_KEY', { operator: 'a left join with grace', store: buffer.name })
    if (buffer.put(record.key, value, keptContext(this.context.recordContext))) buffer.evict(this.release)
    else this.join(record, rowKey)
  }

  /** A record leaves the buffer: joined as if it were being processed now. */
  private readonly release = (buffered: BufferedRecord<K, V>): void => {
    const { key, value, context } = buffered
    this.context.withRecordContext(context, () => {
      const record = makeRecord(key, value, context.timestampMs, context.headers)
      this.join(record, this.rowKey(record))
    })
  }

  private join(record: StreamRecord<K, V>, rowKey: KT | null): void {
    const { left, joiner } = this.settings
    const row = rowKey === null ? null : this.row(rowKey, record.timestampMs)
    if (row === null && !left) return
    const result = joiner(record.value, row, record.key, this.context.recordContext)
    if (result === undefined) throw undefinedResult('the join of a stream with a table', record.key)
    this.context.forward(makeRecord(record.key, result, record.timestampMs, record.headers))
  }

  private row(key: KT, timestampMs: number): T | null {
    const row = this.table.isVersioned ? this.table.getAsOf(key, timestampMs) : this.table.get(key)
    return row === null ? null : row.value
  }

  private rowKey(record: StreamRecord<K, V>): KT | null {
    const { key } = this.settings
    if (key === null) return (record.key as unknown as KT) ?? null
    const rowKey = key(record.value, record.key, this.context.recordContext)
    if (rowKey === undefined) throw undefinedResult('the join with a global table (key)', record.key)
    return rowKey
  }
}
