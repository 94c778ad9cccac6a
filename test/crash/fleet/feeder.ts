/**
 * Writes the inputs of the fleet: `left` in transactions of which some are aborted, `right` without. Each number is used
 * once, whatever becomes of it; what counts is what a reader finds.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, partitionForKey, Producer, TransactionalProducer } from '@millrace/protocol'
import { type FleetTopics, keyOf, partitions, stepMs } from './topics.ts'

const encoder = new TextEncoder()
const turnMs = 50
/** One transaction of so many is aborted. */
const abortEach = 6

export interface FeederParts {
  readonly topics: FleetTopics
  /** Opens a cluster for one producer; the feeder closes it. */
  open(): Promise<Cluster>
  readonly recordsPerSecond: number
  /** Some transactions are aborted; under at-least-once an application reads those as well, as Kafka Streams does. */
  readonly aborts: boolean
  readonly startMs: number
}

export class Feeder {
  readonly #parts: FeederParts
  #left: { producer: TransactionalProducer; cluster: Cluster } | null = null
  #right: { producer: Producer; cluster: Cluster } | null = null
  #next = 0
  #turns = 0
  #isPaused = true
  #isClosed = false
  #running: Promise<void> = Promise.resolve()
  /** Transactions of the feeder that were aborted on purpose, and that failed. */
  aborted = 0
  failed = 0
  readonly failures: string[] = []

  constructor(parts: FeederParts) {
    this.#parts = parts
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#running = this.#run()
  }

  /** Resolves when nothing is on its way. */
  async pause(): Promise<void> {
    this.#isPaused = true
    await this.#running
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.pause()
    await this.#drop()
  }

  async #run(): Promise<void> {
    const each = Math.max(1, Math.round((this.#parts.recordsPerSecond * turnMs) / 1000))
    while (!this.#isPaused) {
      try {
        await this.#turn(each)
      } catch (error) {
        if (this.#isClosed) return
        this.failed++
        this.failures.push(`up to ${this.#next}: ${String(error)}`)
        await this.#drop()
        await sleep(200)
      }
      await sleep(turnMs)
    }
  }

  async #turn(count: number): Promise<void> {
    const left = await this.#openLeft()
    const right = await this.#openRight()
    const { topics } = this.#parts
    const isAborted = this.#parts.aborts && this.#turns++ % abortEach === abortEach - 1
    for (let i = 0; i < count; i++) {
      const n = this.#next++
      this.#append(left.producer, topics.left.name, `${isAborted ? 'X' : 'L'}${n}`, n)
      if (!isAborted) this.#append(right, topics.right.name, `R${n}`, n)
    }
    await right.flush()
    if (isAborted) {
      await left.producer.flush()
      await left.abort()
      this.aborted++
    } else await left.commit()
  }

  #append(to: Producer, topic: string, text: string, n: number): void {
    const key = encoder.encode(keyOf(n))
    const partition = partitionForKey(key, partitions)
    to.append(topic, partition, key, encoder.encode(text), this.#parts.startMs + n * stepMs)
  }

  async #openLeft(): Promise<TransactionalProducer> {
    if (this.#left === null) {
      const cluster = await this.#parts.open()
      const transactionalId = `${this.#parts.topics.left.name}-feeder`
      this.#left = { cluster, producer: new TransactionalProducer(cluster, { transactionalId, lingerMs: 1 }) }
      await cluster.metadata.need([this.#parts.topics.left.name])
      await this.#left.producer.init()
    }
    return this.#left.producer
  }

  async #openRight(): Promise<Producer> {
    if (this.#right === null) {
      const cluster = await this.#parts.open()
      await cluster.metadata.need([this.#parts.topics.right.name])
      this.#right = { cluster, producer: new Producer(cluster, { lingerMs: 1 }) }
    }
    return this.#right.producer
  }

  async #drop(): Promise<void> {
    const open = [this.#left, this.#right]
    this.#left = null
    this.#right = null
    for (const one of open) {
      await one?.producer.close().catch(() => undefined)
      await one?.cluster.close().catch(() => undefined)
    }
  }
}
