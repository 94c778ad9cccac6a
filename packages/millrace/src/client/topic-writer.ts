/** Writes typed records to one topic: batched, idempotent, acknowledged by all replicas. */
import { FatalError, type Headers, noHeaders, type Topic } from '@millrace/core'
import { type Cluster, partitionForKey, Producer, type ProducerOptions } from '@millrace/protocol'

export type WriterOptions = Pick<ProducerOptions, 'lingerMs' | 'batchBytes' | 'compression' | 'requestBytesMax'> & {
  /** Bytes that may wait for acknowledgement before `ready` waits; default 32 MiB. */
  readonly bufferBytesMax?: number
}

export interface SendRecordOptions {
  /** Event time, ms since the epoch; default now. */
  readonly timestampMs?: number
  readonly headers?: Headers
  /** Default: by the key's hash as Java does, in turn for null keys. */
  readonly partition?: number
}

export class TopicWriter<K, V> implements AsyncDisposable {
  readonly #topic: Topic<K, V>
  readonly #cluster: Promise<Cluster>
  readonly #options: WriterOptions
  #open: { readonly cluster: Cluster; readonly producer: Producer; readonly partitions: number } | null = null
  #turn = 0

  constructor(topic: Topic<K, V>, cluster: Promise<Cluster>, options: WriterOptions) {
    this.#topic = topic
    this.#cluster = cluster
    this.#options = options
    void cluster.catch(() => undefined)
  }

  /**
   * Resolves when records can be sent: the topic is known, and less than `bufferBytesMax` waits for acknowledgement. Await it
   * once before the first record, and now and then while writing much.
   *
   * @throws {MR_PROTOCOL_TOPIC_MISSING} if the topic does not exist
   */
  async ready(): Promise<void> {
    if (this.#open === null) {
      const cluster = await this.#cluster
      const [metadata] = await cluster.metadata.need([this.#topic.name])
      const { bufferBytesMax: _, ...options } = this.#options
      const partitions = metadata?.partitions.length ?? 1
      this.#open = { cluster, producer: new Producer(cluster, { lingerMs: 20, ...options }), partitions }
    }
    await this.#open.producer.space(this.#options.bufferBytesMax ?? 32 * 1024 * 1024)
  }

  /**
   * Adds a record; `flush` tells when it is written.
   *
   * @throws {MR_RUNTIME_NOT_READY} before `ready` was awaited
   * @throws what the serde throws, and {MR_PROTOCOL_RECORD_SIZE}; nothing was added then
   */
  send(key: K, value: V | null, options: SendRecordOptions = {}): void {
    if (this.#open === null)
      throw new FatalError('MR_RUNTIME_NOT_READY', { what: `The writer of "${this.#topic.name}"` })
    const { producer, cluster, partitions } = this.#open
    const { name, key: keySerde, value: valueSerde } = this.#topic
    const headers = options.headers ?? noHeaders
    const keyBytes = key === null ? null : keySerde.serialize(key, name, headers)
    const valueBytes = value === null ? null : valueSerde.serialize(value, name, headers)
    const partition =
      options.partition ?? (keyBytes === null ? this.#turn++ % partitions : partitionForKey(keyBytes, partitions))
    const timestampMs = options.timestampMs ?? cluster.around.clock.nowMs()
    producer.append(name, partition, keyBytes, valueBytes, timestampMs, headers)
  }

  /** Resolves when everything sent so far is acknowledged. @throws the first failure */
  async flush(): Promise<void> {
    await this.#open?.producer.flush()
  }

  /** Drops what is not acknowledged; twice is harmless. */
  async close(): Promise<void> {
    await this.#open?.producer.close()
    this.#open = null
    await this.#cluster.then(
      (cluster) => cluster.close(),
      () => undefined,
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
