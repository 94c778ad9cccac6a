/** What a simulated run left in its topics, typed, for the check of whoever wrote the topology. */
import type { Headers, Serde, Topic } from '@millrace/core'
import { committedLog } from './committed-log.ts'
import type { Plan } from './plan.ts'
import type { World } from './world.ts'

/** A committed record at its place. */
export interface SimulatedRecord<K, V> {
  readonly partition: number
  readonly offset: number
  readonly key: K | null
  readonly value: V | null
  /** Event time, ms since the epoch. */
  readonly timestampMs: number
  readonly headers: Headers
}

export class SimulationResults {
  readonly guarantee: 'exactly-once' | 'at-least-once'
  /** The run: its seed, settings and faults. */
  readonly plan: Plan
  private readonly world: World
  private readonly serdes: { readonly key: Serde<unknown>; readonly value: Serde<unknown> }

  /** @internal */
  constructor(world: World, plan: Plan, serdes: { readonly key: Serde<unknown>; readonly value: Serde<unknown> }) {
    this.world = world
    this.plan = plan
    this.guarantee = plan.guarantee
    this.serdes = serdes
  }

  /**
   * Committed records of a topic, partition by partition, each in the order of its log; of an input, an output, or an
   * internal topic by its full name (`app-…`). Empty when there is no such topic.
   *
   * @throws {MR_SERDE_…} bytes that do not fit the topic's serdes
   */
  records<K, V>(topic: Topic<K, V>): SimulatedRecord<K, V>[] {
    const { name } = topic
    return this.partitionsOf(name).flatMap((partition) =>
      (committedLog(this.world.cluster.state, name, partition)?.records ?? []).map((record) => ({
        partition,
        offset: record.offset,
        key: decode(topic.key, record.key, name),
        value: decode(topic.value, record.value, name),
        timestampMs: record.timestampMs,
        headers: record.headers,
      })),
    )
  }

  /** The last value of each key, without keys whose last record deletes them; keys as they are, so use primitive ones. */
  table<K, V>(topic: Topic<K, V>): Map<K, V> {
    const rows = new Map<K, V>()
    for (const { key, value } of this.records(topic)) {
      if (key === null) continue
      if (value === null) rows.delete(key)
      else rows.set(key, value)
    }
    return rows
  }

  /** As `records` with the serdes of internal topics, for topics that nobody has declared. */
  internalRecords(name: string): SimulatedRecord<unknown, unknown>[] {
    const { key, value } = this.serdes
    return this.records({ name, key, value } as Topic<unknown, unknown>)
  }

  private partitionsOf(topic: string): number[] {
    return this.world.cluster.state.topics.get(topic)?.partitions.map(({ index }) => index) ?? []
  }
}

function decode<T>(serde: Serde<T>, bytes: Uint8Array | null, topic: string): T | null {
  return bytes === null ? null : serde.deserialize(bytes, topic)
}
