/**
 * Somebody who reads the outputs while everything fails, committed records only: what it has seen must be what is there in
 * the end, in the same order, and nothing else (faults.md I5).
 */
import { silentLogger } from '@millrace/core/port'
import { Cluster, Fetcher } from '@millrace/protocol'
import { committedLog } from './committed-log.ts'
import { Partitions } from './partitions.ts'
import type { Plan } from './plan.ts'
import { SeededRandom } from './seeded-random.ts'
import { quietNetwork, virtualTransport } from './virtual-network.ts'
import { VirtualProcess } from './virtual-process.ts'
import type { World } from './world.ts'

export class Observer {
  private readonly world: World
  private readonly plan: Plan
  private readonly topics: readonly string[]
  /** Offsets seen, by `topic partition`. */
  private readonly seen = new Map<string, number[]>()

  constructor(world: World, plan: Plan, topics: readonly string[]) {
    this.world = world
    this.plan = plan
    this.topics = topics
    void this.read()
  }

  /** What was seen and is not there, or was passed over. */
  check(): string[] {
    const found: string[] = []
    for (const topic of this.topics) {
      for (let partition = 0; partition < this.plan.partitions; partition++) {
        const committed = committedLog(this.world.cluster.state, topic, partition)?.records ?? []
        for (const [i, offset] of (this.seen.get(`${topic} ${partition}`) ?? []).entries()) {
          const expected = committed[i]?.offset
          if (offset === expected) continue
          found.push(`${topic}-${partition}: a reader saw offset ${offset} where ${expected ?? 'nothing'} is committed`)
          break
        }
      }
    }
    return found
  }

  private async read(): Promise<void> {
    const { world, plan } = this
    const random = new SeededRandom(world.seed, 'observer')
    const process = new VirtualProcess('observer', { time: world.time, random })
    const { time, trace, cluster } = world
    const reach = { faults: quietNetwork, partitions: new Partitions() }
    const network = { time, random: world.random, trace, cluster, ...reach }
    const around = { clock: process.clock, timers: process.timers, random, logger: silentLogger }
    const transport = virtualTransport(process, network)
    const fetcher = new Fetcher(new Cluster(await transport.open('fetch'), around), {
      isolation: 'read_committed',
      maxWaitMs: 1000,
      partitionMaxBytes: plan.fetchBytes,
    })
    const partitions = this.topics.flatMap((topic) =>
      Array.from({ length: plan.partitions }, (_, partition) => ({ topic, partition, offset: 'earliest' as const })),
    )
    fetcher.assign(partitions)
    for (;;) {
      for (const { topic, partition, batches } of await fetcher.poll(1000)) {
        const offsets = this.seen.get(`${topic} ${partition}`) ?? []
        this.seen.set(`${topic} ${partition}`, offsets)
        for (const { records, first } of batches) {
          for (let i = first; i < records.count; i++) offsets.push(records.offsetAt(i))
        }
      }
    }
  }
}
