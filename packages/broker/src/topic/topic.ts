/**
 * A topic and its partitions as the cluster knows them: who leads, under which epoch, and who waits for new records.
 */
import type { PartitionLog } from '../log/partition-log.ts'
import type { TopicConfig } from './topic-config.ts'

/** Called when bytes have become readable, or when what was waited for is gone. */
export type AppendListener = (bytes: number) => void

export class Topic {
  readonly name: string
  /** Base64url text of the 16-byte id. */
  readonly id: string
  readonly replicationFactor: number
  config: TopicConfig
  readonly partitions: Partition[] = []

  constructor(from: { name: string; id: string; replicationFactor: number; config: TopicConfig }) {
    this.name = from.name
    this.id = from.id
    this.replicationFactor = from.replicationFactor
    this.config = from.config
  }
}

export class Partition {
  readonly topic: Topic
  readonly index: number
  readonly log: PartitionLog
  /** Node that leads. */
  leader: number
  leaderEpoch: number = 0
  readonly replicas: readonly number[]
  readonly #listeners: Set<AppendListener> = new Set()

  constructor(from: { topic: Topic; index: number; log: PartitionLog; replicas: readonly number[] }) {
    this.topic = from.topic
    this.index = from.index
    this.log = from.log
    this.replicas = from.replicas
    this.leader = from.replicas[0] as number
  }

  /** Calls `listener` at every change until the returned function is called. */
  listen(listener: AppendListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Tells those who wait that `bytes` more can be read. */
  notify(bytes: number): void {
    for (const listener of this.#listeners) listener(bytes)
  }
}
