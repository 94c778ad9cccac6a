/**
 * What the two sides of a foreign-key join send each other (KIP-213, KIP-775), and the key of the subscription store.
 *
 * ```
 * subscription:  version, bit 7 = no hash │ instruction │ hash 16 bytes? │ primary key │ primary partition int32 (v1)
 * response:      version, bit 7 = no hash │ hash 16 bytes? │ foreign value (no bytes = null)
 * combined key:  length of foreign key int32 │ foreign key │ primary key
 * ```
 * Hashes are `hash128` of the left value's bytes.
 */
import { wrongFormat } from '../refusal.ts'
import { ByteCursor } from './byte-cursor.ts'
import { writeInt32 } from './int-bytes.ts'

/** What the right side does with a subscription; the number on the wire is the place in `subscriptionInstructions`. */
export type SubscriptionInstruction =
  /** Forget the key, answer nothing. */
  | 'delete-key-no-propagate'
  /** Forget the key, answer null. */
  | 'delete-key-and-propagate'
  /** Answer the foreign value, or null if there is none. */
  | 'propagate-null-if-no-fk-val-available'
  /** Answer the foreign value if there is one. */
  | 'propagate-only-if-fk-val-available'

export const subscriptionInstructions: readonly SubscriptionInstruction[] = [
  'delete-key-no-propagate',
  'delete-key-and-propagate',
  'propagate-null-if-no-fk-val-available',
  'propagate-only-if-fk-val-available',
]

/** Left to right: somebody wants the value of a foreign key. */
export interface Subscription {
  readonly version: 0 | 1
  readonly instruction: SubscriptionInstruction
  /** 16 bytes, null when the left value is null. */
  readonly hash: Uint8Array | null
  readonly primaryKey: Uint8Array
  /** Partition to answer to; null in version 0. */
  readonly primaryPartition: number | null
}

/** Right to left: the foreign value, with the hash of the left value it answers. */
export interface SubscriptionResponse {
  readonly hash: Uint8Array | null
  readonly foreignValue: Uint8Array | null
}

export function encodeSubscription(subscription: Subscription): Uint8Array {
  const { version, hash, primaryKey, primaryPartition } = subscription
  const lead = hash === null ? 2 : 18
  const bytes = new Uint8Array(lead + primaryKey.length + (version === 0 ? 0 : 4))
  bytes[0] = hash === null ? version | 0x80 : version
  bytes[1] = subscriptionInstructions.indexOf(subscription.instruction)
  if (hash !== null) bytes.set(hash, 2)
  bytes.set(primaryKey, lead)
  if (version > 0) {
    if (primaryPartition === null) throw wrongFormat('subscription', 'version 1 needs the primary partition')
    writeInt32(bytes, lead + primaryKey.length, primaryPartition)
  }
  return bytes
}

/** Hash and key are views. @throws {MR_SERDE_FORMAT} the bytes are none, or of an unknown version */
export function decodeSubscription(bytes: Uint8Array): Subscription {
  const cursor = new ByteCursor('subscription', bytes)
  const first = cursor.int8()
  const version = first & 0x7f
  if (version !== 0 && version !== 1) throw wrongFormat('subscription', `unknown version ${version}`)
  const number = cursor.int8()
  const instruction = subscriptionInstructions[number]
  if (instruction === undefined) throw wrongFormat('subscription', `unknown instruction ${number}`)
  const hash = first < 0 ? null : cursor.take(16)
  const primaryKey = cursor.take(cursor.remaining - (version === 0 ? 0 : 4))
  return { version, instruction, hash, primaryKey, primaryPartition: version === 0 ? null : cursor.int32() }
}

/** Writes version 0, the only one there is. */
export function encodeSubscriptionResponse(response: SubscriptionResponse): Uint8Array {
  const { hash, foreignValue } = response
  const lead = hash === null ? 1 : 17
  const bytes = new Uint8Array(lead + (foreignValue === null ? 0 : foreignValue.length))
  if (hash === null) bytes[0] = 0x80
  else bytes.set(hash, 1)
  if (foreignValue !== null) bytes.set(foreignValue, lead)
  return bytes
}

/** Hash and value are views; a value of no bytes is null, as in Kafka. @throws {MR_SERDE_FORMAT} the bytes are none */
export function decodeSubscriptionResponse(bytes: Uint8Array): SubscriptionResponse {
  const cursor = new ByteCursor('subscriptionResponse', bytes)
  const hash = cursor.int8() < 0 ? null : cursor.take(16)
  return { hash, foreignValue: cursor.remaining === 0 ? null : cursor.rest() }
}

/** Key of the subscription store. */
export function encodeCombinedKey(foreignKey: Uint8Array, primaryKey: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + foreignKey.length + primaryKey.length)
  bytes.set(foreignKey, writeInt32(bytes, 0, foreignKey.length))
  bytes.set(primaryKey, 4 + foreignKey.length)
  return bytes
}

/** What all combined keys of a foreign key begin with. */
export function combinedKeyPrefix(foreignKey: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + foreignKey.length)
  bytes.set(foreignKey, writeInt32(bytes, 0, foreignKey.length))
  return bytes
}

/** Both parts are views. @throws {MR_SERDE_FORMAT} the bytes are none */
export function decodeCombinedKey(bytes: Uint8Array): {
  readonly foreignKey: Uint8Array
  readonly primaryKey: Uint8Array
} {
  const cursor = new ByteCursor('combinedKey', bytes)
  const foreignKey = cursor.take(cursor.int32())
  return { foreignKey, primaryKey: cursor.rest() }
}
