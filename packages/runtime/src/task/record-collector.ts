/**
 * Sinks: where typed records become bytes again and leave the task.
 *
 * The collector behind them (a port) picks partitions by Java's partitioner where the sink has no partitioner of its own,
 * and owns the producer, its batches, and what the cluster refuses.
 */
import { FatalError, type Serde, type StreamRecord } from '@millrace/core'
import type { SinkNode as SinkPlan } from '@millrace/core/internal'
import { serializationFailed } from '../handler/production.ts'
import { serdeOf } from './live-source.ts'
import type { LiveNode } from './processor-context.ts'
import type { TaskState } from './task-state.ts'

/** Name of a topic in the cluster. */
export type TopicNames = (name: string) => string

export class SinkNode implements LiveNode {
  readonly name: string
  private readonly plan: SinkPlan
  private readonly state: TaskState
  private readonly key: Serde<unknown>
  private readonly value: Serde<unknown>
  /** Real name; null when it is chosen per record. */
  private readonly topic: string | null

  /** @throws {MR_CONFIG_SERDE} if there is neither a serde nor a default */
  constructor(plan: SinkPlan, state: TaskState, topicNames: TopicNames) {
    this.name = plan.name
    this.plan = plan
    this.state = state
    this.key = serdeOf(plan.key ?? state.settings.serdes.key, `sink "${plan.name}"`, 'key')
    this.value = serdeOf(plan.value ?? state.settings.serdes.value, `sink "${plan.name}"`, 'value')
    this.topic = plan.topic === null ? null : topicNames(plan.topic)
  }

  // RECORD PATH 6/8: key and value become bytes, the sink's partitioner is asked, the collector takes the record.
  process(record: StreamRecord<unknown, unknown>): void {
    const topic = this.topic ?? this.chooseTopic(record)
    if (this.plan.partitioner === null) {
      this.send(topic, null, record)
      return
    }
    const chosen = this.choosePartitions(topic, record)
    if (chosen === undefined) this.send(topic, null, record)
    else if (typeof chosen === 'number') this.send(topic, chosen, record)
    else if (chosen.length === 0) this.state.droppedRecord(this.name, `the partitioner chose no partition of ${topic}`)
    else for (const partition of chosen) this.send(topic, partition, record)
  }

  private chooseTopic(record: StreamRecord<unknown, unknown>): string {
    const topic = this.plan.topicName?.(record.value as never, record.key as never, this.state.current)
    if (typeof topic === 'string' && topic !== '') return topic
    throw new FatalError('MR_RECORD_TOPIC', { node: this.name, chosen: String(topic) })
  }

  private choosePartitions(
    topic: string,
    record: StreamRecord<unknown, unknown>,
  ): number | readonly number[] | undefined {
    const count = this.state.collector.partitionCount(topic)
    if (count === undefined) throw new FatalError('MR_RECORD_PARTITIONS', { node: this.name, topic })
    return this.plan.partitioner?.(topic, record.key as never, record.value as never, count)
  }

  private send(topic: string, partition: number | null, record: StreamRecord<unknown, unknown>): void {
    const { timestampMs, headers } = record
    let key: Uint8Array | null
    let value: Uint8Array | null = null
    let keyDone = false
    try {
      key = record.key === null ? null : this.key.serialize(record.key, topic, headers)
      keyDone = true
      value = record.value === null ? null : this.value.serialize(record.value, topic, headers)
    } catch (error) {
      this.refused(error, topic, keyDone ? 'value' : 'key', record)
      return
    }
    const { collector } = this.state
    const chosen = partition ?? this.partitionByStart(topic, key)
    collector.send(topic, chosen, key, value, timestampMs, headers)
    this.state.released = this.state.deadLetterTopic !== null
  }

  /** Windowed keys: all windows of a key go to the partition of the key. Null: the whole key counts. */
  private partitionByStart(topic: string, key: Uint8Array | null): number | null {
    const { partitionSuffix } = this.plan
    if (partitionSuffix === 0 || key === null || key.length < partitionSuffix) return null
    return this.state.collector.partitionFor(topic, key.subarray(0, key.length - partitionSuffix))
  }

  /** Returns when the production handler said to leave the record out. */
  private refused(error: unknown, topic: string, origin: 'key' | 'value', record: object): void {
    const failure = { topic, origin, key: null, value: null, retriable: false } as const
    serializationFailed(this.state, error, this.state.errorContext(this.name, record), failure)
    this.state.metrics.count('dropped-records-total', 1)
  }
}
