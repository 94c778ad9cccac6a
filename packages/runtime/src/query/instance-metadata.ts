/**
 * Who has what, of all instances of the application that named an `applicationServer`: as the leader told it with the
 * last assignment (Kafka: `StreamsMetadata`, `KeyQueryMetadata`). Nothing is asked of other instances.
 */
import { ConfigError, type Serde } from '@millrace/core'
import { type BuiltTopology, matchesTopic, type SubTopology } from '@millrace/core/internal'
import { partitionForKey } from '@millrace/protocol'
import type { HostInfo, HostPartitions } from '../assignment/codec/assignment-info.ts'
import type { ReceivedAssignment } from '../assignment/received-assignment.ts'
import { unknownStore } from './local-stores.ts'

/** An instance of the application and what it holds, of those that named an address. */
export interface InstanceMetadata {
  readonly host: string
  readonly port: number
  /** Input partitions of its tasks. */
  readonly active: readonly { readonly topic: string; readonly partition: number }[]
  /** Input partitions of the tasks whose state it follows. */
  readonly standby: readonly { readonly topic: string; readonly partition: number }[]
  /** Stores of which it answers for some partition; global stores are everywhere. */
  readonly stores: readonly string[]
  /** Stores of which it follows some partition. */
  readonly standbyStores: readonly string[]
}

/** Where a key is kept. */
export interface KeyQueryMetadata {
  /** Null while nobody that named an address has the partition. */
  readonly activeHost: HostInfo | null
  readonly standbyHosts: readonly HostInfo[]
  readonly partition: number
}

/** How the partition of a key is found. */
export interface KeyMetadataOptions<K = unknown> {
  /** Serde of the keys in the topic; default that of the store. */
  readonly key?: Serde<K>
  /** In place of the hash of the key's bytes: that of the sink that wrote the topic. */
  partitioner?(this: void, key: K, partitionCount: number): number
}

/** Instances as of an assignment; none before the first one. */
export function instancesOf(
  topology: BuiltTopology,
  applicationId: string,
  assignment: ReceivedAssignment | null,
): readonly InstanceMetadata[] {
  if (assignment === null) return []
  const { partitionsByHost, standbyPartitionsByHost } = assignment
  const addresses = new Map<string, HostInfo>()
  for (const { host } of [...partitionsByHost, ...standbyPartitionsByHost]) addresses.set(addressOf(host), host)
  const everywhere = topology.globalStores.map(({ definition }) => definition.name)
  return [...addresses].map(([address, host]) => {
    const of = (list: readonly HostPartitions[]): HostPartitions['partitions'] =>
      list.find((one) => addressOf(one.host) === address)?.partitions ?? []
    const [active, standby] = [of(partitionsByHost), of(standbyPartitionsByHost)]
    const storesOf = (held: HostPartitions['partitions']): string[] =>
      topology.subTopologies
        .filter((sub) => held.some(({ topic }) => readsTopic(topology, applicationId, { sub, topic })))
        .flatMap((sub) => sub.stores)
    return { ...host, active, standby, stores: [...storesOf(active), ...everywhere], standbyStores: storesOf(standby) }
  })
}

/**
 * Of topics in the cluster those by whose partitions a store is cut.
 *
 * @throws {MR_RUNTIME_STORE_UNKNOWN} (ConfigError) no such store, or a global one, which has no partitions
 */
export function sourceTopicsOf(
  topology: BuiltTopology,
  applicationId: string,
  { store, topics }: { readonly store: string; readonly topics: readonly string[] },
): readonly string[] {
  const sub = topology.subTopologies.find(({ stores }) => stores.includes(store))
  if (sub === undefined) throw unknownStore(topology, store)
  return topics.filter((topic) => readsTopic(topology, applicationId, { sub, topic }))
}

function readsTopic(
  topology: BuiltTopology,
  applicationId: string,
  { sub, topic }: { readonly sub: SubTopology; readonly topic: string },
): boolean {
  if (sub.sourceTopics.some((name) => topology.topicName(name, applicationId) === topic)) return true
  return sub.nodes.some((name) => {
    const node = topology.node(name)
    return node.kind === 'source' && node.pattern !== null && matchesTopic(node.pattern, topic)
  })
}

/**
 * The partition of a key.
 *
 * @throws {MR_CONFIG_SERDE} (ConfigError) neither the store nor the options know how the key is written
 */
export function partitionOfKey(
  key: unknown,
  serde: Serde<unknown> | null,
  where: {
    readonly store: string
    readonly topic: string
    readonly count: number
    readonly options: KeyMetadataOptions
  },
): number {
  const { store, topic, count, options } = where
  if (options.partitioner !== undefined) return options.partitioner(key, count)
  const written = options.key ?? serde
  if (written === null) throw new ConfigError('MR_CONFIG_SERDE', { what: `store "${store}"`, part: 'key' })
  return partitionForKey(written.serialize(key, topic, []), count)
}

/** Hosts of a partition. */
export function hostsOf(
  instances: readonly InstanceMetadata[],
  topics: readonly string[],
  partition: number,
): KeyQueryMetadata {
  const has = (held: InstanceMetadata['active']): boolean =>
    held.some((one) => one.partition === partition && topics.includes(one.topic))
  const active = instances.find((one) => has(one.active))
  const host = ({ host: name, port }: InstanceMetadata): HostInfo => ({ host: name, port })
  return {
    activeHost: active === undefined ? null : host(active),
    standbyHosts: instances.filter((one) => has(one.standby)).map(host),
    partition,
  }
}

function addressOf({ host, port }: HostInfo): string {
  return `${host}:${port}`
}
