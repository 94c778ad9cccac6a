/**
 * Right side of a foreign-key join: answers, both to a new subscription (with the row as it is now) and to a change
 * of a row (one answer to each of its subscribers). Answers go to the partition of the left row, with its hash.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { Change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import { combinedKeyPrefix, decodeCombinedKey, type Subscription } from '../serde/envelope/foreign-key.ts'
import type { StateStore, SubscriptionStore } from '../store/store.ts'
import {
  type DefaultSerdes,
  ForeignKeyBytes,
  type ForeignKeyResponse,
  type SubscriptionKey,
} from './foreign-key-messages.ts'
import type { ForeignKeyReceive } from './foreign-key-receive.ts'
import type { ForeignKeySupplier } from './foreign-key-send.ts'
import type { TableValueGetter, TableValueGetterSupplier } from './table-value-getter.ts'

/**
 * Supplier of the node that answers a subscription. The result's time is the greater of the subscription's and the
 * row's.
 *
 * Units: times in ms. Errors: none.
 *
 * @param foreignTable rows of the right table; the node must be connected to its stores
 * @see Kafka Streams `SubscriptionJoinProcessorSupplier`; KIP-213
 * @example
 * run(
 *   ({ texts, users }) => {
 *     const owners = texts.toTable()
 *     return owners.join(users, { foreignKey: (user) => user, joiner: (user, name) => `${user} is ${name ?? 'unknown'}` })
 *   },
 *   ['texts', 'house', 'u1'],
 *   ['users', 'u1', 'Ada'],
 * )
 * // → [["house","u1 is Ada"]]
 */
export function answerSubscription<K, KF, VF>(
  foreignTable: TableValueGetterSupplier<KF, VF>,
): () => Processor<SubscriptionKey<K, KF>, Subscription, K, ForeignKeyResponse<VF>> {
  return () => new AnswerSubscription<K, KF, VF>(foreignTable.create())
}

class AnswerSubscription<K, KF, VF> implements Processor<
  SubscriptionKey<K, KF>,
  Subscription,
  K,
  ForeignKeyResponse<VF>
> {
  private readonly foreignTable: TableValueGetter<KF, VF>
  private context!: OperatorContext<K, ForeignKeyResponse<VF>>

  constructor(foreignTable: TableValueGetter<KF, VF>) {
    this.foreignTable = foreignTable
  }

  init(context: ProcessorContext<K, ForeignKeyResponse<VF>>): void {
    this.context = context as OperatorContext<K, ForeignKeyResponse<VF>>
    this.foreignTable.init(this.context)
  }

  close(): void {
    this.foreignTable.close?.()
  }

  process(record: StreamRecord<SubscriptionKey<K, KF>, Subscription>): void {
    const { foreignKey, primaryKey } = record.key
    const { instruction, hash, primaryPartition } = record.value
    const row = foreignKey === null ? null : this.foreignTable.get(foreignKey)
    if (instruction === 'delete-key-no-propagate') return
    if (instruction === 'propagate-only-if-fk-val-available' && row === null) return
    const foreignValue = row === null || instruction === 'delete-key-and-propagate' ? null : row.value
    const timestampMs = row === null ? record.timestampMs : Math.max(record.timestampMs, row.timestampMs)
    const response = { hash, foreignValue, primaryPartition }
    this.context.forward(makeRecord(primaryKey, response, timestampMs, record.headers))
  }
}

/**
 * Supplier of the node behind the right table: one answer to each subscriber of the row that changed, in the order of
 * their keys' bytes, with the time of the change. A null key, and a change of a versioned table that is not the
 * latest, is dropped and counted.
 *
 * Units: times in ms. Errors: none.
 *
 * @see Kafka Streams `ForeignTableJoinProcessorSupplier`; KIP-213
 * @example
 * run(
 *   ({ texts, users }) => {
 *     const owners = texts.toTable()
 *     return owners.join(users, { foreignKey: (user) => user, joiner: (user, name) => `${user} is ${name}` })
 *   },
 *   ['texts', 'house', 'u1'],
 *   ['texts', 'boat', 'u1'],
 *   ['users', 'u1', 'Ada'],
 * )
 * // → [["boat","u1 is Ada"],["house","u1 is Ada"]]
 */
export function answerSubscribers<K, KF, VF>(
  options: ForeignKeyReceive<K, KF>,
): ForeignKeySupplier<Processor<KF, Change<VF>, K, ForeignKeyResponse<VF>>> {
  return {
    useVersionedSemantics: false,
    create(defaults: DefaultSerdes): Processor<KF, Change<VF>, K, ForeignKeyResponse<VF>> {
      return new AnswerSubscribers(options, defaults, this.useVersionedSemantics)
    },
  }
}

class AnswerSubscribers<K, KF, VF> implements Processor<KF, Change<VF>, K, ForeignKeyResponse<VF>> {
  private readonly storeName: string
  private readonly bytes: ForeignKeyBytes<K, KF>
  private readonly latestOnly: boolean
  private context!: OperatorContext<K, ForeignKeyResponse<VF>>
  private store!: SubscriptionStore<Subscription>

  constructor(options: ForeignKeyReceive<K, KF>, defaults: DefaultSerdes, latestOnly: boolean) {
    this.storeName = options.store
    this.bytes = new ForeignKeyBytes(options, defaults)
    this.latestOnly = latestOnly
  }

  init(context: ProcessorContext<K, ForeignKeyResponse<VF>>): void {
    this.context = context as OperatorContext<K, ForeignKeyResponse<VF>>
    this.bytes.init(this.context)
    this.store = this.context.getStateStore<StateStore>(this.storeName) as SubscriptionStore<Subscription>
  }

  process(record: StreamRecord<KF, Change<VF>>): void {
    const { key, value: update, timestampMs, headers } = record
    if (key === null || key === undefined) {
      this.context.droppedRecord('null key')
      return
    }
    if (this.latestOnly && !update.isLatest) {
      this.context.droppedRecord('out-of-order record of a versioned table')
      return
    }
    const subscribers = this.store.prefixScan(combinedKeyPrefix(this.bytes.foreignKey(key)))
    for (const { key: row, value: subscriber } of subscribers) {
      const { hash, primaryPartition } = subscriber.value
      const primaryKey = this.bytes.keyOf(decodeCombinedKey(row).primaryKey)
      const response = { hash, foreignValue: update.newValue, primaryPartition }
      this.context.forward(makeRecord(primaryKey, response, timestampMs, headers))
    }
  }
}
