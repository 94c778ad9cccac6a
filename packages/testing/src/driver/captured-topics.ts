/**
 * The topics of a test driver: whatever a task sends is kept here in order, for the test to read, and handed back to the
 * task when one of its sources reads the topic.
 */
import type { Headers } from '@millrace/core'
import type { DeferredRecord, RecordCollector } from '@millrace/runtime/internal'

/** One record as it would lie in a topic. */
export interface RawRecord {
  readonly topic: string
  readonly partition: number | null
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Null: written without a timestamp. */
  readonly timestampMs: number | null
  readonly headers: Headers
}

export class CapturedTopics implements RecordCollector {
  private readonly partitions = new Map<string, number>()
  private readonly byTopic = new Map<string, RawRecord[]>()
  private sent: RawRecord[] = []

  send(
    topic: string,
    partition: number | null,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
    headers: Headers,
  ): void {
    this.sent.push({ topic, partition, key, value, timestampMs, headers })
  }

  /** Every topic is known. */
  sendWhenKnown({ topic, choose, key, value, timestampMs, headers }: DeferredRecord): void {
    for (const partition of [choose(this.partitionCount(topic)) ?? null].flat())
      this.send(topic, partition, key, value, timestampMs, headers)
  }

  /** One partition per topic, so there is nothing to choose. */
  partitionFor(): number {
    return 0
  }

  /** Every topic has one partition, unless the test says otherwise: sinks with a partitioner see the number. */
  partitionCount(topic: string): number {
    return this.partitions.get(topic) ?? 1
  }

  /** A topic whose partitions the test does not count has any. */
  hasPartition(topic: string, partition: number): boolean {
    return partition < (this.partitions.get(topic) ?? Number.POSITIVE_INFINITY)
  }

  setPartitionCount(topic: string, count: number): void {
    this.partitions.set(topic, count)
  }

  /** What was sent since the last call, in order; from now on it can be read from its topics. */
  capture(): readonly RawRecord[] {
    const captured = this.sent
    this.sent = []
    for (const record of captured) {
      const records = this.byTopic.get(record.topic)
      if (records === undefined) this.byTopic.set(record.topic, [record])
      else records.push(record)
    }
    return captured
  }

  /** Takes the oldest record of a topic. */
  take(topic: string): RawRecord | undefined {
    return this.byTopic.get(topic)?.shift()
  }

  /** Takes all records of a topic. */
  takeAll(topic: string): readonly RawRecord[] {
    const records = this.byTopic.get(topic) ?? []
    this.byTopic.delete(topic)
    return records
  }

  /** Names of the topics that hold records. */
  topics(): readonly string[] {
    return [...this.byTopic].filter(([, records]) => records.length > 0).map(([topic]) => topic)
  }
}
