/**
 * A topic as a value: its name, the serdes of its keys and values, and their types. Sources, sinks, tables and test drivers
 * take it, so that a topic is declared once.
 */
import type { Serde } from '../serde/serde.ts'
import { type SerdeOrSchema, toKeySerde, toSerde } from '../serde/standard-schema.ts'
import { optionNames, requireArgument, requireKnown } from '../known-options.ts'

declare const accepts: unique symbol

/** What a topic takes. Only types: it makes the compiler name the property that a value lacks. */
export interface TopicSink<in K, in V> {
  readonly name: string
  readonly [accepts]?: (key: K, value: V) => void
}

/** A topic of the cluster with keys of type `K` and values of type `V`. Null is in a type only if it was declared. */
export interface Topic<K, V> extends TopicSink<K, V> {
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** Serdes of a topic. A validator of the Standard Schema kind becomes JSON that is checked by it. */
export interface TopicSerdes<K, V> {
  readonly key: SerdeOrSchema<K>
  readonly value: SerdeOrSchema<V>
}

const topicSerdes = optionNames<TopicSerdes<unknown, unknown>>({ key: true, value: true })

/**
 * Declares a topic.
 *
 * Records with a null key or value are refused (they go to the deserialization handler) unless the serde is
 * `nullable(…)`; a table takes null values as deletes in any case, and sinks may write them.
 *
 * @throws {MR_TOPOLOGY_ARGUMENT} (TopologyError) key or value is no serde and no validator
 * @example
 * const orders = topic('orders', { key: string(), value: json<{ user: string; total: number }>() })
 */
export function topic<K, V>(name: string, serdes: TopicSerdes<K, V>): Topic<K, V> {
  // The serdes of another topic may be given by that topic.
  const where = `topic("${name}")`
  requireArgument(typeof serdes === 'object' && serdes !== null, serdes, { where, accepted: '{ key, value }' })
  if (!isTopic(serdes)) requireKnown(serdes, topicSerdes, where)
  for (const part of ['key', 'value'] as const) {
    requireArgument(isSerde(serdes[part]), serdes[part], {
      where,
      accepted: `a ${part} serde such as string() or json()`,
    })
  }
  return { name, key: toKeySerde(serdes.key), value: toSerde(serdes.value) }
}

function isTopic(serdes: TopicSerdes<any, any>): boolean {
  return typeof serdes === 'object' && serdes !== null && 'name' in serdes
}

/** Asked of what was given only: a validator may be a function with properties (arktype). */
function isSerde(given: unknown): boolean {
  if (given === null || (typeof given !== 'object' && typeof given !== 'function')) return false
  return '~standard' in given || 'serialize' in given
}

/** Refuses what is no topic. @throws {MR_TOPOLOGY_ARGUMENT} (TopologyError) naming the place, `stream`, `to` … */
export function requireTopic(given: unknown, where: string): void {
  const isRight = typeof given === 'object' && given !== null && typeof (given as { name?: unknown }).name === 'string'
  requireArgument(isRight, given, { where, accepted: "a topic, as topic('orders', { key: string(), value: json() })" })
}
