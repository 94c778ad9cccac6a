/**
 * What the nodes of a foreign-key join hand each other, and the serdes of the two internal topics between them.
 *
 * ```
 * left table ── send ──▶ registration topic ── receive (store) ── join ──▶ response topic ── resolve ──▶ result table
 *                                    right table ── answer ─────────────────▶
 * ```
 * A row of the left table subscribes to the row of the right one that its foreign key names; the right side answers
 * to the partition of the left row. Every message carries a hash of the left value, by which the left side knows
 * answers that a newer left row has overtaken (KIP-213).
 */
import { ConfigError } from '../errors.ts'
import type { Headers } from '../record/headers.ts'
import {
  decodeSubscription,
  decodeSubscriptionResponse,
  encodeSubscription,
  encodeSubscriptionResponse,
  type Subscription,
} from '../serde/envelope/foreign-key.ts'
import { ownSerde } from '../serde/own-serde.ts'
import type { Serde } from '../serde/serde.ts'
import type { OperatorContext } from '../processor/processor.ts'

/** The right side's answer for one left row. */
export interface ForeignKeyResponse<V> {
  /** Hash of the left value that the answer belongs to; null when that row was deleted. */
  readonly hash: Uint8Array | null
  readonly foreignValue: V | null
  /** Where the sink writes it; null after reading. Subscriptions of version 0 have none: default partitioner. */
  readonly primaryPartition: number | null
}

/** Key between `receive` and `join`: whose row subscribes to what. */
export interface SubscriptionKey<K, KF> {
  readonly foreignKey: KF | null
  readonly primaryKey: K
}

/** Serdes and names of a foreign-key join; serdes that were not given are the defaults of the application. */
export interface ForeignKeySerdes<K, KF> {
  readonly key: Serde<K> | null
  readonly foreignKey: Serde<KF> | null
  /** Registration topic, without the application id: serdes are called with pseudo-topics made of it. */
  readonly subscriptionTopic: string
}

/** What serdes fall back to when the topology is run. */
export interface DefaultSerdes {
  readonly key: Serde<unknown> | null
  readonly value: Serde<unknown> | null
}

/**
 * Serde of the registration topic's values and of the subscription store. What it reads is copied, so it may be kept.
 */
export const subscriptionSerde: Serde<Subscription> = {
  name: 'subscription',
  serialize: encodeSubscription,
  deserialize: (bytes) => decodeSubscription(bytes.slice()),
}

/** Serde of the response topic's values. */
export function foreignKeyResponseSerde<V>(foreignValue: Serde<V>): Serde<ForeignKeyResponse<V>> {
  return {
    name: `foreignKeyResponse(${foreignValue.name})`,
    serialize({ hash, foreignValue: value }, topic?: string, headers?: Headers): Uint8Array {
      const bytes = value === null ? null : foreignValue.serialize(value, topic, headers)
      return encodeSubscriptionResponse({ hash, foreignValue: bytes })
    },
    deserialize(bytes: Uint8Array, topic?: string, headers?: Headers): ForeignKeyResponse<V> {
      const { hash, foreignValue: value } = decodeSubscriptionResponse(bytes)
      const decoded = value === null ? null : foreignValue.deserialize(value, topic, headers)
      return { hash: hash === null ? null : hash.slice(), foreignValue: decoded, primaryPartition: null }
    },
  }
}

/**
 * Partitioner of the response topic: the partition of the left row that asked.
 *
 * Errors: none.
 *
 * @see Kafka Streams `KTableImpl.doJoinOnForeignKey`
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
export function foreignKeyResponsePartition<V>(
  _topic: string,
  _key: unknown,
  value: ForeignKeyResponse<V>,
): number | undefined {
  return value.primaryPartition ?? undefined
}

/**
 * The serde that was given, else the default.
 *
 * @throws {MR_CONFIG_SERDE} (ConfigError, at start) there is neither
 */
export function neededSerde<T>(
  given: Serde<T> | null,
  fallback: Serde<unknown> | null,
  part: 'key' | 'value',
): Serde<T> {
  const serde = given ?? (fallback as Serde<T> | null)
  if (serde === null) throw new ConfigError('MR_CONFIG_SERDE', { what: 'a table in a foreign-key join', part })
  return serde
}

/** Bytes of keys and values for the join's own purposes; the serdes see the pseudo-topics that Kafka gives them. */
export class ForeignKeyBytes<K, KF> {
  private readonly serdes: ForeignKeySerdes<K, KF>
  private readonly keySerde: ReturnType<typeof ownSerde<K>>
  private readonly foreignKeySerde: ReturnType<typeof ownSerde<KF>>
  private prefix = ''

  constructor(serdes: ForeignKeySerdes<K, KF>, defaults: DefaultSerdes) {
    this.serdes = serdes
    const owner = serdes.subscriptionTopic
    this.keySerde = ownSerde(neededSerde(serdes.key, defaults.key, 'key'), owner)
    this.foreignKeySerde = ownSerde(neededSerde(serdes.foreignKey, defaults.key, 'key'), owner)
  }

  init(context: OperatorContext<never, never>): void {
    this.prefix = `${context.applicationId}-${this.serdes.subscriptionTopic}`
  }

  key(key: K): Uint8Array {
    return this.keySerde.serialize(key, `${this.prefix}-pk`)
  }

  keyOf(bytes: Uint8Array): K {
    return this.keySerde.deserialize(bytes, `${this.prefix}-pk`)
  }

  foreignKey(key: KF): Uint8Array {
    return this.foreignKeySerde.serialize(key, `${this.prefix}-fk`)
  }

  /** Topic for the serde of left values when they are hashed. */
  get hashTopic(): string {
    return `${this.prefix}-vh`
  }
}
