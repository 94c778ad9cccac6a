/**
 * Sinks: where typed records become bytes again and leave the task.
 *
 * The collector behind them (a port) picks partitions by Java's partitioner where the sink has no partitioner of its own,
 * and owns the producer, its batches, and what the cluster refuses.
 */
import { FatalError, RecordError, type Serde, type StreamRecord } from '@millrace/core'
import type { SinkNode as SinkPlan } from '@millrace/core/internal'
import { processingFailed } from '../handler/processing.ts'
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
    const count = this.state.collector.partitionCount(topic)
    const chosen = count === undefined ? 'later' : this.choosePartitions(topic, record, count)
    if (chosen === undefined) this.send(topic, null, record)
    else if (typeof chosen !== 'object') this.send(topic, chosen, record)
    else for (const partition of chosen) this.send(topic, partition, record)
  }

  private chooseTopic(record: StreamRecord<unknown, unknown>): string {
    const topic = this.plan.topicName?.(record.value as never, record.key as never, this.state.current)
    if (typeof topic === 'string' && topic !== '') return topic
    throw new FatalError('MR_RECORD_TOPIC', { node: this.name, chosen: String(topic) })
  }

  /**
   * What the sink's partitioner says; an empty list drops the record.
   *
   * @throws {MR_RECORD_PARTITION} (RecordError) it says something else than partitions of the topic
   */
  private choosePartitions(
    topic: string,
    record: StreamRecord<unknown, unknown>,
    count: number,
  ): number | readonly number[] | undefined {
    const chosen: unknown = this.plan.partitioner?.(topic, record.key as never, record.value as never, count)
    if (this.isPartition(topic, chosen, count)) return chosen
    if (chosen === undefined || chosen === null) return undefined
    const list: readonly unknown[] = Array.isArray(chosen) ? chosen : chosen instanceof Set ? [...chosen] : [chosen]
    const partitions = list.filter((one): one is number => this.isPartition(topic, one, count))
    if (partitions.length < list.length) throw this.noPartition(topic, chosen, count)
    if (list.length === 0) this.state.droppedRecord(this.name, `the partitioner chose no partition of ${topic}`)
    return partitions
  }

  private isPartition(topic: string, chosen: unknown, count: number): chosen is number {
    if (typeof chosen !== 'number' || chosen < 0 || !Number.isInteger(chosen)) return false
    return chosen < count || this.state.collector.hasPartition?.(topic, chosen) === true
  }

  private noPartition(topic: string, choice: unknown, partitions: number): RecordError {
    const chosen =
      typeof choice === 'string' ? JSON.stringify(choice) : choice instanceof Promise ? 'a promise' : String(choice)
    return new RecordError('MR_RECORD_PARTITION', { node: this.name, topic, chosen, partitions })
  }

  /** @param partition null: the default partitioner; `later`: the sink's, when the topic is known */
  private send(topic: string, partition: number | 'later' | null, record: StreamRecord<unknown, unknown>): void {
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
    const start = partition === null ? this.startOf(key) : null
    if (partition === 'later' || (start !== null && collector.partitionCount(topic) === undefined)) {
      const later = partition === 'later' ? this.laterChoice(topic, record) : null
      const choose = (count: number): number | readonly number[] | undefined =>
        later?.(count) ?? this.byStart(topic, key)
      collector.sendWhenKnown({ topic, choose, key, value, timestampMs, headers })
    } else {
      const chosen = start === null ? partition : collector.partitionFor(topic, start)
      collector.send(topic, chosen, key, value, timestampMs, headers)
    }
    if (this.state.deadLetterTopic !== null) this.state.hold.released = true
  }

  /** The sink's partitioner, for later: what it throws goes to the processing handler as if it had thrown now. */
  private laterChoice(
    topic: string,
    record: StreamRecord<unknown, unknown>,
  ): (count: number) => number | readonly number[] | undefined {
    const context = this.state.errorContext(this.name, record)
    return (count) => {
      try {
        return this.choosePartitions(topic, record, count)
      } catch (thrown) {
        processingFailed(this.state, thrown, context, record)
        return []
      }
    }
  }

  /** The part of a windowed key that chooses the partition: all windows of a key go to one. Null: the whole key counts. */
  private startOf(key: Uint8Array | null): Uint8Array | null {
    const { partitionSuffix } = this.plan
    if (partitionSuffix === 0 || key === null || key.length < partitionSuffix) return null
    return key.subarray(0, key.length - partitionSuffix)
  }

  private byStart(topic: string, key: Uint8Array | null): number | undefined {
    const start = this.startOf(key)
    return start === null ? undefined : this.state.collector.partitionFor(topic, start)
  }

  /** Returns when the production handler said to leave the record out. */
  private refused(error: unknown, topic: string, origin: 'key' | 'value', record: object): void {
    const failure = { topic, origin, key: null, value: null, retriable: false } as const
    serializationFailed(this.state, error, this.state.errorContext(this.name, record), failure)
    this.state.metrics.count('dropped-records-total', 1)
  }
}
