/**
 * Right side of a foreign-key join, first node: keeps who subscribes to which row, so that a later change of that row
 * finds its subscribers. A subscription with a null foreign key (left joins) is answered but not kept.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import { encodeCombinedKey, type Subscription } from '../serde/envelope/foreign-key.ts'
import type { StateStore, SubscriptionStore } from '../store/store.ts'
import {
  type DefaultSerdes,
  ForeignKeyBytes,
  type ForeignKeySerdes,
  type SubscriptionKey,
} from './foreign-key-messages.ts'

/** What the receiving node is made of. */
export interface ForeignKeyReceive<K, KF> extends ForeignKeySerdes<K, KF> {
  /** Name of the subscription store. */
  readonly store: string
}

/**
 * Makes the supplier of the node behind the registration topic. Forwards every subscription under the key of both rows.
 * A null foreign key with any instruction but "answer in any case" is dropped and counted.
 *
 * Errors: none.
 *
 * @see Kafka Streams `SubscriptionReceiveProcessorSupplier`; KIP-213
 * @example
 * run(
 *   ({ texts, users }) => {
 *     const owners = texts.toTable()
 *     return owners.leftJoin(users, { foreignKey: (user) => user, joiner: (user, name) => `${user} is ${name ?? 'unknown'}` })
 *   },
 *   ['texts', 'house', 'u1'],
 *   ['users', 'u1', 'Ada'],
 * )
 * // → [["house","u1 is unknown"],["house","u1 is Ada"]]
 */
export function receiveSubscriptions<K, KF>(
  options: ForeignKeyReceive<K, KF>,
): (defaults: DefaultSerdes) => Processor<KF | null, Subscription, SubscriptionKey<K, KF>, Subscription> {
  return (defaults) => new ReceiveSubscriptions(options, defaults)
}

class ReceiveSubscriptions<K, KF> implements Processor<KF | null, Subscription, SubscriptionKey<K, KF>, Subscription> {
  private readonly storeName: string
  private readonly bytes: ForeignKeyBytes<K, KF>
  private context!: OperatorContext<SubscriptionKey<K, KF>, Subscription>
  private store!: SubscriptionStore<Subscription>

  constructor(options: ForeignKeyReceive<K, KF>, defaults: DefaultSerdes) {
    this.storeName = options.store
    this.bytes = new ForeignKeyBytes(options, defaults)
  }

  init(context: ProcessorContext<SubscriptionKey<K, KF>, Subscription>): void {
    this.context = context as OperatorContext<SubscriptionKey<K, KF>, Subscription>
    this.bytes.init(this.context)
    this.store = this.context.getStateStore<StateStore>(this.storeName) as SubscriptionStore<Subscription>
  }

  process(record: StreamRecord<KF | null, Subscription>): void {
    const { key: foreignKey, value: subscription, timestampMs, headers } = record
    const { instruction, primaryKey } = subscription
    if (foreignKey !== null) this.keep(encodeCombinedKey(this.bytes.foreignKey(foreignKey), primaryKey), record)
    else if (instruction !== 'propagate-null-if-no-fk-val-available') {
      this.context.droppedRecord('null foreign key')
      return
    }
    const key = { foreignKey, primaryKey: this.bytes.keyOf(primaryKey) }
    this.context.forward(makeRecord(key, subscription, timestampMs, headers))
  }

  private keep(row: Uint8Array, { value, timestampMs }: StreamRecord<KF | null, Subscription>): void {
    const ends = value.instruction === 'delete-key-and-propagate' || value.instruction === 'delete-key-no-propagate'
    this.store.put(row, ends ? null : { value, timestampMs })
  }
}
