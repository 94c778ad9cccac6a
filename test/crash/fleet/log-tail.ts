/**
 * An independent reader that follows topics with read_committed while everything around it dies: what it has once seen is
 * final, so whatever it sees must fit.
 */
import type { TopicPartition } from 'millrace'
import { type BatchHeader, type Cluster, Fetcher, listOffsets } from '@millrace/protocol'
import { partitions } from './topics.ts'

/** One record as the reader gets it. */
export interface TailedRecord {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly value: Uint8Array | null
  /** Where it stands, for texts. */
  readonly header: BatchHeader
}

const decoder = new TextDecoder()
const allPartitions = Array.from({ length: partitions }, (_, partition) => partition)

export class LogTail implements AsyncDisposable {
  readonly #cluster: Cluster
  readonly #fetcher: Fetcher
  readonly #onRecord: (record: TailedRecord) => void
  readonly #running: Promise<void>
  readonly #followed: TopicPartition[] = []
  #isClosed = false
  #failure: Error | null = null
  records = 0

  /** @param cluster its own; closed with it */
  constructor(cluster: Cluster, onRecord: (record: TailedRecord) => void) {
    this.#cluster = cluster
    this.#fetcher = new Fetcher(cluster, { isolation: 'read_committed', maxWaitMs: 100 })
    this.#onRecord = onRecord
    this.#running = this.#run()
  }

  /** Follows a topic from its beginning. */
  follow(topic: string): void {
    const added = allPartitions.map((partition) => ({ topic, partition }))
    this.#followed.push(...added)
    this.#fetcher.assign(added.map((place) => ({ ...place, offset: 'earliest' as const })))
  }

  /** Resolves when everything is read that was committed when it was called. @throws what ended the reader */
  async catchUp(): Promise<void> {
    const places = this.#followed.map((place) => ({ ...place, at: 'latest' as const }))
    const ends = await listOffsets(this.#cluster, places, { isolation: 'read_committed' })
    while (ends.some((end) => (this.#fetcher.position(end.topic, end.partition) ?? -1) < end.offset)) {
      if (this.#failure !== null) throw this.#failure
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#fetcher.wakeup()
    await this.#running
    await this.#fetcher.close()
    await this.#cluster.close()
  }

  async #run(): Promise<void> {
    try {
      while (!this.#isClosed) {
        for (const { topic, partition, batches } of await this.#fetcher.poll(200)) {
          for (const { records, first } of batches) {
            for (let i = first; i < records.count; i++) {
              this.records++
              const key = records.keyAt(i)
              const value = records.valueAt(i)
              this.#onRecord({
                topic,
                partition,
                key: key === null ? '' : decoder.decode(key),
                value,
                header: records.header,
              })
            }
          }
        }
        // An empty assignment answers at once.
        if (this.#followed.length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error))
    }
  }
}
