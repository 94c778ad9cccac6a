/**
 * Writes typed records to one topic: batched, idempotent, acknowledged by all replicas.
 *
 * Records may be sent at once. Until the topic is known, which decides their partitions, they wait here as bytes.
 */
import { FatalError, type Headers, noHeaders, type Topic } from '@millrace/core'
import { type Cluster, partitionForKey, Producer, type ProducerOptions } from '@millrace/protocol'
import { nodeClock } from '@millrace/runtime/internal'

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

interface OpenWriter {
  readonly cluster: Cluster
  readonly producer: Producer
  readonly partitions: number
}

/** A record that waits for its topic. */
interface EarlyRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestampMs: number
  readonly headers: Headers
  readonly partition: number | null
}

export class TopicWriter<K, V> implements AsyncDisposable {
  readonly #topic: Topic<K, V>
  readonly #cluster: Promise<Cluster>
  readonly #options: WriterOptions
  #open: OpenWriter | null = null
  #opening: Promise<void> | null = null
  #early: EarlyRecord[] = []
  #earlyFailure: unknown = null
  #closed = false
  #turn = 0

  constructor(topic: Topic<K, V>, cluster: Promise<Cluster>, options: WriterOptions) {
    this.#topic = topic
    this.#cluster = cluster
    this.#options = options
    void cluster.catch(() => undefined)
  }

  /**
   * Resolves when the topic is known and less than `bufferBytesMax` waits for acknowledgement: await it now and then while
   * writing much.
   *
   * @throws {MR_PROTOCOL_TOPIC_MISSING} if the topic does not exist
   */
  async ready(): Promise<void> {
    const { producer } = await this.#opened()
    await producer.space(this.#options.bufferBytesMax ?? 32 * 1024 * 1024)
  }

  /**
   * Adds a record; `flush` tells when it is written.
   *
   * @throws what the serde throws, {MR_PROTOCOL_PARTITION_MISSING} and {MR_PROTOCOL_RECORD_SIZE}; nothing was added then.
   *   While the topic is not known yet, what is wrong with the size, or with a partition that is too large, is told by
   *   `flush`
   * @throws {MR_RUNTIME_CLOSED} after `close`
   */
  send(key: K, value: V | null, options: SendRecordOptions = {}): void {
    if (this.#closed) throw this.#closedError()
    const { name, key: keySerde, value: valueSerde } = this.#topic
    const { partition = null, headers = noHeaders } = options
    const partitions = this.#open?.partitions ?? Number.POSITIVE_INFINITY
    if (partition !== null && !(Number.isInteger(partition) && partition >= 0 && partition < partitions)) {
      throw new FatalError('MR_PROTOCOL_PARTITION_MISSING', {
        topic: name,
        partition,
        partitions: this.#open?.partitions ?? -1,
      })
    }
    const record = {
      key: key === null ? null : keySerde.serialize(key, name, headers),
      value: value === null ? null : valueSerde.serialize(value, name, headers),
      timestampMs: options.timestampMs ?? nodeClock.nowMs(),
      headers,
      partition,
    }
    if (this.#open !== null) this.#append(this.#open, record)
    else {
      // A serde may hand out a view on bytes that it goes on using.
      this.#early.push({ ...record, key: record.key?.slice() ?? null, value: record.value?.slice() ?? null })
      // What fails here fails again in `flush`, which is awaited.
      this.#opened().catch(() => undefined)
    }
  }

  /** Resolves when everything sent so far is acknowledged. @throws the first failure */
  async flush(): Promise<void> {
    if (this.#open === null && this.#early.length === 0) return
    const { producer } = await this.#opened()
    const failure = this.#earlyFailure
    this.#earlyFailure = null
    await producer.flush()
    if (failure !== null) throw failure as Error
  }

  /** Drops what is not acknowledged; twice is harmless. */
  async close(): Promise<void> {
    this.#closed = true
    this.#early = []
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

  async #opened(): Promise<OpenWriter> {
    this.#opening ??= this.#openOnce().finally(() => {
      this.#opening = null
    })
    if (this.#open === null) await this.#opening
    if (this.#open === null) throw this.#closedError()
    return this.#open
  }

  async #openOnce(): Promise<void> {
    if (this.#open !== null) return
    const cluster = await this.#cluster
    const [metadata] = await cluster.metadata.need([this.#topic.name])
    if (this.#closed) return
    const { bufferBytesMax: _, ...options } = this.#options
    const partitions = metadata?.partitions.length ?? 1
    this.#open = { cluster, producer: new Producer(cluster, { lingerMs: 20, ...options }), partitions }
    const early = this.#early
    this.#early = []
    for (const record of early) {
      try {
        this.#append(this.#open, record)
      } catch (error) {
        this.#earlyFailure ??= error
      }
    }
  }

  #append({ producer, partitions }: OpenWriter, { key, value, timestampMs, headers, ...record }: EarlyRecord): void {
    const partition = record.partition ?? (key === null ? this.#turn++ % partitions : partitionForKey(key, partitions))
    producer.append(this.#topic.name, partition, key, value, timestampMs, headers)
  }

  #closedError(): FatalError {
    return new FatalError('MR_RUNTIME_CLOSED', { what: `The writer of "${this.#topic.name}"` })
  }
}
