/**
 * Left side of a foreign-key join, first node: turns a change of a row into subscriptions.
 *
 * | change of the left row | inner | left |
 * |---|---|---|
 * | new, key names a row | subscribe, answer if there is one | subscribe, answer in any case |
 * | new, key is null | dropped and counted | asked with a null key, answered with null |
 * | same key | subscribe, answer if there is one | subscribe, answer in any case |
 * | other key | unsubscribe; subscribe, answer in any case | the same |
 * | key becomes null | unsubscribe, answer null; counted | unsubscribe; asked with a null key |
 * | deleted | unsubscribe, answer null | unsubscribe; asked with a null key |
 *
 * Keys are equal when their bytes are. The record's key becomes the foreign key, its value a `Subscription`.
 */
import type { OperatorContext, Processor, ProcessorContext } from '../processor/processor.ts'
import type { Change } from '../record/change.ts'
import { record as makeRecord, type StreamRecord } from '../record/record.ts'
import type { Subscription, SubscriptionInstruction } from '../serde/envelope/foreign-key.ts'
import { hash128 } from '../serde/envelope/murmur3.ts'
import { ownSerde } from '../serde/own-serde.ts'
import type { Serde } from '../serde/serde.ts'
import { type DefaultSerdes, ForeignKeyBytes, type ForeignKeySerdes, neededSerde } from './foreign-key-messages.ts'
import type { KeyMapper } from './functions.ts'
import { sameBytes } from './same-key.ts'
import type { VersionedAware } from './table-supplier.ts'
import { undefinedResult } from './undefined-result.ts'

/** What the sending node is made of. */
export interface ForeignKeySend<K, V, KF> extends ForeignKeySerdes<K, KF> {
  /** The key of the right row that a left row refers to; null = none. */
  readonly extractor: KeyMapper<K, V, KF | null>
  /** Serde of left values, whose bytes are hashed. */
  readonly value: Serde<V> | null
  readonly left: boolean
}

/** Makes the node; `create` gets the serdes of the application for those that are null. */
export interface ForeignKeySupplier<P> extends VersionedAware {
  create(defaults: DefaultSerdes): P
}

/**
 * Supplier of the node between the left table and the registration topic. The left table must send old values.
 *
 * Errors: what the extractor throws goes to the processing handler.
 *
 * @see Kafka Streams `SubscriptionSendProcessorSupplier`; KIP-213
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
export function sendSubscriptions<K, V, KF>(
  options: ForeignKeySend<K, V, KF>,
): ForeignKeySupplier<Processor<K, Change<V>, KF | null, Subscription>> {
  return {
    useVersionedSemantics: false,
    create(defaults: DefaultSerdes): Processor<K, Change<V>, KF | null, Subscription> {
      return new SendSubscriptions(options, defaults, this.useVersionedSemantics)
    },
  }
}

class SendSubscriptions<K, V, KF> implements Processor<K, Change<V>, KF | null, Subscription> {
  private readonly options: ForeignKeySend<K, V, KF>
  private readonly bytes: ForeignKeyBytes<K, KF>
  private readonly valueSerde: ReturnType<typeof ownSerde<V>>
  private readonly latestOnly: boolean
  private context!: OperatorContext<KF | null, Subscription>
  private partition = 0

  constructor(options: ForeignKeySend<K, V, KF>, defaults: DefaultSerdes, latestOnly: boolean) {
    this.options = options
    this.bytes = new ForeignKeyBytes(options, defaults)
    this.valueSerde = ownSerde(neededSerde(options.value, defaults.value, 'value'), options.subscriptionTopic)
    this.latestOnly = latestOnly
  }

  init(context: ProcessorContext<KF | null, Subscription>): void {
    this.context = context as OperatorContext<KF | null, Subscription>
    this.bytes.init(this.context)
    // Also right when a cache is flushed: all inputs of a task have its partition number.
    this.partition = Number(context.taskId.slice(context.taskId.lastIndexOf('_') + 1))
  }

  process(record: StreamRecord<K, Change<V>>): void {
    if (this.latestOnly && !record.value.isLatest) {
      this.context.droppedRecord('out-of-order record of a versioned table')
      return
    }
    if (this.options.left) this.sendLeft(record)
    else this.sendInner(record)
  }

  private sendLeft(record: StreamRecord<K, Change<V>>): void {
    const { oldValue, newValue } = record.value
    if (oldValue === null && newValue === null) return
    const oldKey = this.foreignKey(record.key, oldValue)
    const newKey = this.foreignKey(record.key, newValue)
    const hash = this.hash(newValue)
    if (oldKey !== null && !this.isSame(oldKey, newKey)) this.send(record, oldKey, 'delete-key-no-propagate', hash)
    this.send(record, newKey, 'propagate-null-if-no-fk-val-available', hash)
  }

  private sendInner(record: StreamRecord<K, Change<V>>): void {
    const { oldValue, newValue } = record.value
    const oldKey = this.foreignKey(record.key, oldValue)
    if (newValue === null) {
      if (oldKey !== null) this.send(record, oldKey, 'delete-key-and-propagate', null)
      return
    }
    const newKey = this.foreignKey(record.key, newValue)
    if (newKey === null) {
      this.context.droppedRecord('null foreign key')
      if (oldKey !== null) this.send(record, oldKey, 'delete-key-and-propagate', this.hash(newValue))
      return
    }
    const hash = this.hash(newValue)
    if (oldKey === null || this.isSame(oldKey, newKey)) {
      this.send(record, newKey, 'propagate-only-if-fk-val-available', hash)
      return
    }
    this.send(record, oldKey, 'delete-key-no-propagate', hash)
    // Whatever the old key joined must go, so the new one answers even if it names no row.
    this.send(record, newKey, 'propagate-null-if-no-fk-val-available', hash)
  }

  private foreignKey(key: K, value: V | null): KF | null {
    const { extractor } = this.options
    if (value === null) return null
    const foreignKey = extractor(value, key, this.context.recordContext)
    if (foreignKey === undefined) throw undefinedResult('the foreign-key join (foreignKey)', key)
    return foreignKey
  }

  private isSame(oldKey: KF, newKey: KF | null): boolean {
    return newKey !== null && sameBytes(this.bytes.foreignKey(oldKey), this.bytes.foreignKey(newKey))
  }

  private hash(value: V | null): Uint8Array | null {
    return value === null ? null : hash128(this.valueSerde.serialize(value, this.bytes.hashTopic))
  }

  private send(
    record: StreamRecord<K, Change<V>>,
    foreignKey: KF | null,
    instruction: SubscriptionInstruction,
    hash: Uint8Array | null,
  ): void {
    const primaryKey = this.bytes.key(record.key)
    const subscription: Subscription = { version: 1, instruction, hash, primaryKey, primaryPartition: this.partition }
    this.context.forward(makeRecord(foreignKey, subscription, record.timestampMs, record.headers))
  }
}
