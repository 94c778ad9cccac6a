/**
 * Somebody who writes the input: batches in transactions, some of them aborted, several producers at once, so that what is
 * read holds aborted records, markers and interleaved transactions. It rides out the broker's crashes; what it wrote twice
 * or not at all does not matter, because results are compared with the log that came out.
 */
import { silentLogger } from '@millrace/core/port'
import { Cluster, Producer, TransactionalProducer } from '@millrace/protocol'
import { Partitions } from './partitions.ts'
import type { Plan } from './plan.ts'
import { SeededRandom } from './seeded-random.ts'
import { virtualTransport } from './virtual-network.ts'
import { VirtualProcess } from './virtual-process.ts'
import { quietNetwork } from './virtual-network.ts'
import type { World } from './world.ts'

/** One record to write. */
export interface InputRecord {
  readonly topic: string
  readonly partition: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestampMs: number
}

/** What a producer writes next; `serial` never repeats. */
export type MakeRecord = (serial: number, random: SeededRandom, nowMs: number) => InputRecord

export class Upstream {
  private readonly world: World
  private readonly plan: Plan
  private readonly make: MakeRecord
  private serial = 0
  private writing: number

  constructor(world: World, plan: Plan, make: MakeRecord) {
    this.world = world
    this.plan = plan
    this.make = make
    this.writing = plan.upstreams
    for (let i = 0; i < plan.upstreams; i++) void this.write(`upstream${i}`)
  }

  /** True when everything is written. */
  get isDone(): boolean {
    return this.writing === 0
  }

  /** The next record; null when whoever makes them has failed, which ends the run. */
  private next(random: SeededRandom, nowMs: number): InputRecord | null {
    try {
      return this.make(this.serial++, random, nowMs)
    } catch (error) {
      this.world.failure ??= error
      return null
    }
  }

  private async write(name: string): Promise<void> {
    const { world, plan } = this
    const random = new SeededRandom(world.seed, name)
    const process = new VirtualProcess(name, { time: world.time, random })
    const { time, trace, cluster: brokers } = world
    const network = {
      time,
      random: world.random,
      trace,
      cluster: brokers,
      faults: quietNetwork,
      partitions: new Partitions(),
    }
    const transport = virtualTransport(process, network)
    const around = { clock: process.clock, timers: process.timers, random, logger: silentLogger }
    const cluster = new Cluster(await transport.open('produce'), around)
    const isTransactional = plan.abortedInput > 0
    let producer: Writer | null = null
    let batch = 0
    while (batch < plan.batches) {
      await process.timers.sleep(plan.batchEveryMs * (0.5 + random.next()))
      try {
        producer ??= isTransactional ? await transactional(cluster, name) : plain(cluster)
        const count = random.between(1, plan.recordsPerBatch * 2)
        for (let i = 0; i < count; i++) {
          const record = this.next(random, process.clock.nowMs())
          if (record === null) return
          producer.to.append(record.topic, record.partition, record.key, record.value, record.timestampMs)
        }
        await producer.to.flush()
        if (random.chance(0.3)) await process.timers.sleep(plan.batchEveryMs)
        if (random.chance(plan.abortedInput)) await producer.abort()
        else await producer.commit()
        batch++
      } catch {
        await producer?.close()
        producer = null
        await process.timers.sleep(100)
      }
    }
    await producer?.close()
    this.writing--
  }
}

interface Writer {
  readonly to: Producer
  commit(): Promise<void>
  abort(): Promise<void>
  close(): Promise<void>
}

async function transactional(cluster: Cluster, transactionalId: string): Promise<Writer> {
  const made = new TransactionalProducer(cluster, { transactionalId, lingerMs: 0, transactionTimeoutMs: 1500 })
  await made.init()
  return {
    to: made.producer,
    commit: async () => made.commit(),
    abort: async () => made.abort(),
    close: async () => made.close(),
  }
}

function plain(cluster: Cluster): Writer {
  const to = new Producer(cluster, { lingerMs: 0 })
  return { to, commit: async () => undefined, abort: async () => undefined, close: async () => to.close() }
}
