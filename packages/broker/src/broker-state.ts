/**
 * Everything that the request handlers work on, put together once per broker.
 */
import type { BrokerVersion } from './api/version-range.ts'
import { ClusterIdentity } from './cluster-identity.ts'
import { GroupCoordinator } from './group/group-coordinator.ts'
import { OffsetStore } from './group/offset-store.ts'
import { Journal } from './journal/journal.ts'
import { Maintenance } from './maintenance.ts'
import type { LogStorage } from './storage/log-storage.ts'
import type { Surroundings } from './surroundings.ts'
import type { BrokerConfig } from './topic/broker-config.ts'
import { TopicRegistry } from './topic/topic-registry.ts'
import { MarkerWriter } from './transaction/marker-writer.ts'
import { ProducerIds } from './transaction/producer-ids.ts'
import { TransactionCoordinator } from './transaction/transaction-coordinator.ts'

/** Where a node can be reached. */
export interface NodeAddress {
  readonly nodeId: number
  host: string
  port: number
  readonly rack: string | null
}

/** What a broker is made of. */
export interface BrokerParts {
  readonly release: BrokerVersion
  readonly config: BrokerConfig
  readonly storage: LogStorage
  readonly surroundings: Surroundings
  readonly nodes: readonly NodeAddress[]
  /** True: the cluster has an id of its own, kept with what is stored. */
  readonly keepsIdentity?: boolean
  /** Password by user: connections over TCP then have to authenticate with SASL PLAIN. */
  readonly users?: ReadonlyMap<string, string>
}

export class BrokerState {
  readonly release: BrokerVersion
  readonly config: BrokerConfig
  readonly storage: LogStorage
  readonly surroundings: Surroundings
  readonly nodes: readonly NodeAddress[]
  readonly identity: ClusterIdentity
  readonly journal: Journal
  readonly topics: TopicRegistry
  readonly groups: GroupCoordinator
  readonly offsets: OffsetStore
  readonly producerIds: ProducerIds
  readonly markers: MarkerWriter
  readonly transactions: TransactionCoordinator
  /** Retention and compaction; only works by itself once it has been started. */
  readonly maintenance: Maintenance
  readonly users: ReadonlyMap<string, string>
  /** A simulation raises it to move every coordinator to another node. */
  coordinatorShift: number = 0
  closed: boolean = false
  /** Gives up a parked request each, without an answer; called when the broker is closed. */
  readonly parked: Set<() => void> = new Set()

  /** Opens what the storage holds. */
  constructor(parts: BrokerParts) {
    const { config, storage, nodes } = parts
    const surroundings = inWholeMs(parts.surroundings)
    this.release = parts.release
    this.config = config
    this.storage = storage
    this.surroundings = surroundings
    this.nodes = nodes
    this.users = parts.users ?? new Map()
    this.journal = new Journal(storage, surroundings.logger)
    this.identity = new ClusterIdentity(this.journal)
    const nodeIds = nodes.map((node) => node.nodeId)
    const { journal } = this
    this.topics = new TopicRegistry({ config, journal, storage, random: surroundings.random, nodes: nodeIds })
    this.groups = new GroupCoordinator(surroundings, config)
    this.offsets = new OffsetStore(journal)
    this.producerIds = new ProducerIds(journal)
    const { producerIds } = this
    this.markers = new MarkerWriter(surroundings, this.topics, this.offsets)
    const { markers } = this
    const recoverable = parts.release !== '3.9'
    this.transactions = new TransactionCoordinator({ surroundings, config, journal, producerIds, markers, recoverable })
    this.maintenance = new Maintenance(this)
    const entries = journal.replay()
    if (parts.keepsIdentity === true) this.identity.keep(surroundings.random)
    this.topics.recover({ journalIsEmpty: entries === 0, logger: surroundings.logger })
    this.topics.onDeleted((topic) => this.offsets.deleteTopic(topic.name))
    for (const group of this.offsets.groups()) this.groups.ensure(group)
    this.transactions.resume()
  }

  /** Node that coordinates this group or transactional id. */
  coordinatorOf(key: string): NodeAddress {
    return this.nodes[(hashOf(key) + this.coordinatorShift) % this.nodes.length] as NodeAddress
  }

  close(): void {
    this.closed = true
    for (const giveUp of this.parked) giveUp()
    this.parked.clear()
    this.maintenance.close()
    this.groups.close()
    this.transactions.close()
    this.topics.close()
    this.journal.close()
    this.storage.close()
  }
}

/** Kafka's times are whole milliseconds; a simulated clock need not be. */
function inWholeMs(world: Surroundings): Surroundings {
  const { timers, random, logger } = world
  return {
    clock: { nowMs: () => Math.floor(world.clock.nowMs()) },
    timers,
    random,
    logger,
    defer: (run) => world.defer(run),
  }
}

/** Java's String.hashCode without its sign: what Kafka spreads groups and transactional ids by. */
export function hashOf(key: string): number {
  let hash = 0
  for (let i = 0; i < key.length; i++) hash = (Math.imul(hash, 31) + key.charCodeAt(i)) | 0
  return hash & 0x7fffffff
}
