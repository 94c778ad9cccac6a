/**
 * The brokers of a simulation: the embedded broker, the same code that users run, on virtual surroundings and on a disk that
 * survives its crashes.
 *
 * Its nodes share one state, so they crash together; one of them alone can be made unreachable, and leaders and
 * coordinators can be moved between them.
 */
import type { BrokerConfigInput, BrokerVersion } from '@millrace/broker'
import { BrokerConfig, BrokerState, Connection } from '@millrace/broker/internal'
import { silentLogger } from '@millrace/core/port'
import { SeededRandom } from './seeded-random.ts'
import type { Trace } from './trace.ts'
import { VirtualLogStorage } from './virtual-log-storage.ts'
import { VirtualProcess } from './virtual-process.ts'
import type { VirtualTime } from './virtual-time.ts'

/** How the cluster is made. */
export interface ClusterSettings {
  readonly version: BrokerVersion
  readonly nodes: number
  readonly config: BrokerConfigInput
  /** Longest time after which a decided transaction is marked in one of its partitions. */
  readonly markerDelayMs: number
  /** True = it compacts, applies retention and forgets idle producers, as `config` says. */
  readonly upkeep: boolean
}

export interface ClusterWorld {
  readonly seed: number
  readonly time: VirtualTime
  readonly trace: Trace
}

/** Cheaper than `queueMicrotask`, which keeps track of who called. */
const settled = Promise.resolve()

export class VirtualCluster {
  readonly settings: ClusterSettings
  readonly storage: VirtualLogStorage
  /** Crashes so far. */
  crashes = 0
  private readonly world: ClusterWorld
  private readonly random: SeededRandom
  private broker: BrokerState | null = null
  private process: VirtualProcess | null = null
  private life = 0
  private coordinatorShift = 0
  /** What breaks with this life of the broker. */
  private readonly links = new Set<() => void>()
  /** Leaders and epochs only go forward, over restarts too. */
  private readonly leaders = new Map<string, { readonly leader: number; readonly epoch: number }>()

  constructor(settings: ClusterSettings, world: ClusterWorld) {
    this.settings = settings
    this.world = world
    this.random = new SeededRandom(world.seed, 'cluster')
    this.storage = new VirtualLogStorage(this.random)
  }

  get isUp(): boolean {
    return this.broker !== null
  }

  /** What the broker holds, for the checker. */
  get state(): BrokerState {
    if (this.broker === null) throw new Error('the broker is down')
    return this.broker
  }

  anyNode(): number {
    return this.random.between(1, this.settings.nodes)
  }

  /** Starts a life of the broker on what the disk holds. */
  start(): void {
    const { time, trace } = this.world
    const name = `broker/${++this.life}`
    const process = new VirtualProcess(name, { time, random: this.random })
    trace.note(time.nowMs, name, 'starts')
    const { version, nodes, config } = this.settings
    this.process = process
    this.broker = new BrokerState({
      release: version,
      config: new BrokerConfig(config),
      storage: this.storage.open(),
      surroundings: {
        clock: process.clock,
        timers: process.timers,
        random: process.random,
        logger: silentLogger,
        // After the present step, at the same moment.
        defer: (run) => void settled.then(() => process.enter(run)),
      },
      nodes: Array.from({ length: nodes }, (_, i) => ({
        nodeId: i + 1,
        host: '127.0.0.1',
        port: 9092 + i,
        rack: null,
      })),
    })
    this.broker.coordinatorShift = this.coordinatorShift
    this.broker.markers.delayMsMax = this.settings.markerDelayMs
    if (this.life > 1) this.moveLeaders(false)
    if (this.settings.upkeep) this.broker.maintenance.start()
  }

  /** kill −9: what was written stays, everything else is gone. */
  crash(): void {
    if (this.broker === null) return
    this.storage.crash()
    this.died()
  }

  /** kill −9 in the n-th write from now. */
  crashInWrite(count: number, then: () => void): void {
    this.storage.crashAfter(count, () => {
      this.died()
      then()
    })
  }

  /** The broker's end of a connection; null when nobody listens. `gone` is called when the broker dies. */
  connect(nodeId: number, gone: () => void): Connection | null {
    if (this.broker === null || nodeId < 1 || nodeId > this.settings.nodes) return null
    this.links.add(gone)
    const session = { clientHost: '/127.0.0.1', authenticated: true, mechanism: undefined }
    return new Connection(this.broker, { nodeId, session })
  }

  /** Other nodes coordinate groups and transactions from now on. */
  moveCoordinators(): void {
    this.coordinatorShift++
    if (this.broker !== null) this.broker.coordinatorShift = this.coordinatorShift
    this.world.trace.note(this.world.time.nowMs, 'broker', 'coordinators move')
  }

  /** A new leader epoch for every partition, with another leader if asked. */
  moveLeaders(elsewhere = true): void {
    if (this.broker === null) return
    for (const topic of this.broker.topics.all()) {
      for (const partition of topic.partitions) {
        const known = this.leaders.get(partition.log.name) ?? { leader: partition.leader, epoch: partition.leaderEpoch }
        partition.leader = elsewhere ? (known.leader % this.settings.nodes) + 1 : known.leader
        partition.leaderEpoch = known.epoch + 1
        this.leaders.set(partition.log.name, { leader: partition.leader, epoch: partition.leaderEpoch })
        partition.notify(Infinity)
      }
    }
    this.world.trace.note(this.world.time.nowMs, 'broker', 'leader epochs')
  }

  private died(): void {
    this.crashes++
    this.process?.kill()
    this.broker = null
    this.world.trace.note(this.world.time.nowMs, 'broker', 'dies')
    for (const gone of this.links) gone()
    this.links.clear()
  }
}
