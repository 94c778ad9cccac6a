/** Reads typed records from one topic of a test driver. */
import { record, type Serde, type StreamRecord } from '@millrace/core'
import type { CapturedTopics, RawRecord } from './captured-topics.ts'
import type { TestTopic } from './test-topic.ts'

export class TestOutput<K, V> {
  private readonly topic: TestTopic<K, V>
  private readonly captured: CapturedTopics

  constructor(topic: TestTopic<K, V>, captured: CapturedTopics) {
    this.topic = topic
    this.captured = captured
  }

  /**
   * Takes the oldest record that was not read yet; undefined when there is none.
   *
   * @throws {MR_SERDE_…} if the bytes do not fit the topic's serdes
   */
  read(): StreamRecord<K | null, V | null> | undefined {
    const raw = this.captured.take(this.topic.name)
    return raw === undefined ? undefined : this.decode(raw)
  }

  /** Takes all records that were not read yet, in the order in which they were written. */
  readAll(): StreamRecord<K | null, V | null>[] {
    return this.captured.takeAll(this.topic.name).map((raw) => this.decode(raw))
  }

  /** As `readAll`, only keys and values. */
  readKeyValues(): [key: K | null, value: V | null][] {
    return this.readAll().map(({ key, value }) => [key, value])
  }

  private decode(raw: RawRecord): StreamRecord<K | null, V | null> {
    const { key, value, timestampMs, headers } = raw
    const decode = <T>(serde: Serde<T>, bytes: Uint8Array | null): T | null =>
      bytes === null ? null : serde.deserialize(bytes, this.topic.name, headers)
    return record(decode(this.topic.key, key), decode(this.topic.value, value), timestampMs ?? -1, headers)
  }
}
