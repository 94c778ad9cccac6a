/**
 * Everything that one run of one seed consists of: time, chance, the trace, the cluster, the network, the machines.
 */
import type { Plan } from './plan.ts'
import { Partitions } from './partitions.ts'
import { SeededRandom } from './seeded-random.ts'
import { Trace } from './trace.ts'
import { Generations } from './generations.ts'
import { type ClusterSettings, VirtualCluster } from './virtual-cluster.ts'
import { type Program, VirtualMachine } from './virtual-machine.ts'
import { type NetworkFaults, quietNetwork } from './virtual-network.ts'
import { VirtualTime } from './virtual-time.ts'

/** What happened in a run. */
export interface Counts {
  /** Processes killed, with and without their disk or power. */
  kills: number
  powerLosses: number
  diskLosses: number
  stops: number
  brokerCrashes: number
  /** Stretches of time with a partition or a bad network. */
  networkFaults: number
  /** Of leaders, coordinators. */
  moves: number
  /** Committed records in all topics at the end. */
  records: number
  /** Of them with a witness whose generation was compared with the one before. */
  witnessed: number
  /** Logs that were compacted, and logs without compaction whose first segments were removed. */
  compacted: number
  shortened: number
  /** States of tasks compared with what their changelogs restore. */
  states: number
}

/** Counts of nothing yet. */
export const noCounts = (): Counts => ({
  kills: 0,
  powerLosses: 0,
  diskLosses: 0,
  stops: 0,
  brokerCrashes: 0,
  networkFaults: 0,
  moves: 0,
  records: 0,
  witnessed: 0,
  compacted: 0,
  shortened: 0,
  states: 0,
})

export class World {
  readonly seed: number
  readonly time: VirtualTime = new VirtualTime()
  readonly random: SeededRandom
  readonly trace: Trace
  readonly cluster: VirtualCluster
  readonly machines: VirtualMachine[] = []
  /** Of the network; replaced while the world runs. */
  faults: NetworkFaults = quietNetwork
  readonly partitions: Partitions = new Partitions()
  /** In which lives of processes work; for the witnesses of what they write. */
  readonly generations: Generations
  /** Of the applications. */
  readonly guarantee: 'exactly-once' | 'at-least-once'
  /** Highest offset that was ever seen committed, by `topic-partition`. */
  readonly committedOnce: Map<string, number> = new Map()
  /** An error of the scenario itself: the run makes no sense any more. */
  failure: unknown = undefined
  /** For the summary of many runs. */
  readonly counts: Counts = noCounts()

  constructor(of: Pick<Plan, 'seed' | 'guarantee'>, cluster: ClusterSettings, keepTrace = false) {
    const { seed, guarantee } = of
    this.seed = seed
    this.guarantee = guarantee
    this.random = new SeededRandom(seed, 'world')
    this.trace = new Trace(keepTrace)
    this.cluster = new VirtualCluster(cluster, this)
    this.generations = new Generations(() => this.cluster.crashes)
  }

  /** Adds a machine; `start` begins its first life. */
  machine(name: string, program: Program): VirtualMachine {
    const machine = new VirtualMachine(name, this, program)
    this.machines.push(machine)
    return machine
  }

  /** Runs until `done` or until `ms` from now have passed; true when done. */
  async run(done: () => boolean, ms: number): Promise<boolean> {
    return this.time.run(done, this.time.nowMs + ms)
  }
}
