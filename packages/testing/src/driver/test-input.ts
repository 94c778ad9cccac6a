/** Puts typed records into one topic of a test driver. */
import { type Headers, noHeaders } from '@millrace/core'
import type { TestTopic } from './test-topic.ts'

export interface PipeOptions {
  /** Event time, ms since the epoch; default: the driver's wall-clock time. */
  readonly timestampMs?: number
  readonly headers?: Headers
}

/** What an input hands to its driver: bytes. */
export type PipeBytes = (
  record: { readonly key: Uint8Array | null; readonly value: Uint8Array | null; readonly headers: Headers },
  options: PipeOptions,
) => void

export class TestInput<K, V> {
  private readonly topic: TestTopic<K, V>
  private readonly pipeBytes: PipeBytes

  constructor(topic: TestTopic<K, V>, pipeBytes: PipeBytes) {
    this.topic = topic
    this.pipeBytes = pipeBytes
  }

  /**
   * Encodes a record and runs it through the topology; everything that follows from it is done when this returns.
   * Null is Kafka's null: no key, or a tombstone.
   *
   * @throws {MR_SERDE_…} if the key or value does not fit the topic
   * @throws {MR_RECORD_…} if the record fails and its handler answers `fail`
   */
  pipe(key: K | null, value: V | null, options: PipeOptions = {}): void {
    const { name, key: keySerde, value: valueSerde } = this.topic
    const headers = options.headers ?? noHeaders
    this.pipeBytes(
      {
        key: key === null ? null : keySerde.serialize(key, name, headers),
        value: value === null ? null : valueSerde.serialize(value, name, headers),
        headers,
      },
      options,
    )
  }

  /** A record without a key. */
  pipeValue(value: V | null, options: PipeOptions = {}): void {
    this.pipe(null, value, options)
  }

  /** Several records, each run through the topology before the next. */
  pipeAll(records: Iterable<readonly [key: K | null, value: V | null]>, options: PipeOptions = {}): void {
    for (const [key, value] of records) this.pipe(key, value, options)
  }
}
