/** What the suites of the protocol client work with: clusters on a transport, short ways to write and read. */
import { setTimeout as sleep } from 'node:timers/promises'
import { silentLogger, type Transport, type TransportRole } from '@millrace/core/port'
import {
  assertTopics,
  Cluster,
  createTopics,
  type FetchedPartition,
  Fetcher,
  type FetcherOptions,
  type Isolation,
  listOffsets,
  Producer,
  type ProducerOptions,
  readPartition,
  type Surroundings,
  waitForTopics,
} from '@millrace/protocol'

/** The platform's own clock, timers and randomness. */
export const surroundings: Surroundings = {
  clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
  timers: {
    after: (delayMs, run, background) => {
      const timer = setTimeout(run, delayMs)
      if (background === true) timer.unref()
      return { cancel: () => clearTimeout(timer) }
    },
    sleep: async (delayMs, signal) => {
      await sleep(delayMs, undefined, { signal: signal as AbortSignal | undefined }).catch(() => undefined)
    },
  },
  random: { next: () => Math.random(), bytes: (length) => crypto.getRandomValues(new Uint8Array(length)) },
  logger: silentLogger,
}

/** Timestamps are of this time: retention removes older records within half a minute. */
export const baseMs: number = Date.now()

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const bytes = (text: string): Uint8Array => encoder.encode(text)
export const text = (value: Uint8Array | null): string | null => (value === null ? null : decoder.decode(value))

/** Everything a test opened, closed at its end. */
export class Fixture implements AsyncDisposable {
  readonly #transport: Transport
  readonly #clusters: Cluster[] = []
  readonly #closing: (() => Promise<unknown>)[] = []

  constructor(transport: Transport) {
    this.#transport = transport
  }

  async cluster(role: TransportRole = 'admin'): Promise<Cluster> {
    const cluster = new Cluster(await this.#transport.open(role), surroundings, { requestTimeoutMs: 10_000 })
    this.#clusters.push(cluster)
    return cluster
  }

  /** Closed before the clusters, last first. */
  onEnd(close: () => Promise<unknown>): void {
    this.#closing.unshift(close)
  }

  /** A new topic with a name of its own. */
  async topic(partitions = 1, configs: Record<string, string> = {}, replicationFactor = 1): Promise<string> {
    const name = `t-${crypto.randomUUID()}`
    const cluster = await this.cluster()
    assertTopics(await createTopics(cluster, [{ name, partitions, replicationFactor, configs }]))
    await waitForTopics(cluster, [name])
    return name
  }

  async producer(options: ProducerOptions = {}): Promise<Producer> {
    const producer = new Producer(await this.cluster('produce'), options)
    this.onEnd(async () => producer.close())
    return producer
  }

  async fetcher(options: FetcherOptions = {}): Promise<Fetcher> {
    const fetcher = new Fetcher(await this.cluster('fetch'), options)
    this.onEnd(async () => fetcher.close())
    return fetcher
  }

  /** Writes values `v0`, `v1`, … of one partition. */
  async write(topic: string, count: number, from = 0, partition = 0): Promise<void> {
    const producer = await this.producer()
    for (let i = from; i < from + count; i++)
      producer.append(topic, partition, bytes(`k${i}`), bytes(`v${i}`), baseMs + i)
    await producer.flush()
    await producer.close()
  }

  /** Values of one partition from its first to its last offset. */
  async read(topic: string, isolation: Isolation = 'read_uncommitted', partition = 0): Promise<(string | null)[]> {
    const cluster = await this.cluster('fetch')
    const [end] = await listOffsets(cluster, [{ topic, partition, at: 'latest' }], { isolation })
    const values: (string | null)[] = []
    const range = { topic, partition, from: 'earliest' as const, to: end!.offset }
    if (end!.offset === 0) return values
    for await (const part of readPartition(cluster, range, { isolation })) values.push(...valuesOf(part))
    return values
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closing) await close().catch(() => undefined)
    for (const cluster of this.#clusters) await cluster.close()
    await this.#transport.close()
  }
}

/** Values in a part. */
export function valuesOf(part: FetchedPartition): (string | null)[] {
  return part.batches.flatMap(({ records, first }) =>
    Array.from({ length: records.count - first }, (_, i) => text(records.valueAt(first + i))),
  )
}

/** Polls until `count` values came, or for ten seconds. */
export async function pollValues(fetcher: Fetcher, count: number): Promise<(string | null)[]> {
  const values: (string | null)[] = []
  for (let i = 0; i < 100 && values.length < count; i++) values.push(...(await fetcher.poll(100)).flatMap(valuesOf))
  return values
}

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, what = 'the condition'): Promise<void> {
  for (let i = 0; i < 600; i++) {
    if (await holds()) return
    await sleep(20)
  }
  throw new Error(`${what} did not come true`)
}
