/** The harness's own ways to the brokers: clusters of the protocol client, and what they are asked. */
import { nodeClock, nodeRandom, nodeTimers } from '@millrace/runtime/internal'
import { kafkajsTransport } from '@millrace/transport-kafkajs'
import { silentLogger } from '@millrace/core/port'
import {
  type BatchHeader,
  Cluster,
  type CoordinatorKind,
  type Isolation,
  listOffsets,
  listTopics,
  readPartition,
} from '@millrace/protocol'
import { partitions } from './topics.ts'

const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }

/** A cluster that the caller closes. */
export async function openCluster(kafka: string): Promise<Cluster> {
  const transport = kafkajsTransport({ brokers: kafka.split(','), clientId: 'crash-harness' })
  return new Cluster(await transport.open('admin'), around, { requestTimeoutMs: 10_000 })
}

async function within<T>(kafka: string, ask: (cluster: Cluster) => Promise<T>): Promise<T> {
  const cluster = await openCluster(kafka)
  try {
    return await ask(cluster)
  } finally {
    await cluster.close()
  }
}

/** Number of the broker that coordinates a group or a transactional id; null while nobody says. */
export async function coordinatorOf(kafka: string, kind: CoordinatorKind, key: string): Promise<number | null> {
  try {
    return await within(kafka, async (cluster) => cluster.coordinators.find(kind, key))
  } catch {
    return null
  }
}

/** Names of the changelogs of an application. */
export async function changelogsOf(kafka: string, applicationId: string): Promise<string[]> {
  const topics = await within(kafka, async (cluster) => listTopics(cluster))
  return [...topics.keys()].filter((name) => name.startsWith(`${applicationId}-`) && name.endsWith('-changelog'))
}

/** Records in a topic, as a reader of this isolation sees them. */
export async function countRecords(kafka: string, topic: string, isolation: Isolation): Promise<number> {
  return within(kafka, async (cluster) => {
    let count = 0
    for (let partition = 0; partition < partitions; partition++) {
      const [end] = await listOffsets(cluster, [{ topic, partition, at: 'latest' }], { isolation })
      const range = { topic, partition, from: 'earliest' as const, to: end?.offset ?? 0 }
      if (range.to === 0) continue
      for await (const { batches } of readPartition(cluster, range, { isolation })) {
        for (const { records, first } of batches) count += records.count - first
      }
    }
    return count
  })
}

/** True when every partition of every topic has a leader and so many replicas in sync. */
export async function isInSync(kafka: string, replicas: number): Promise<boolean> {
  try {
    return await within(kafka, async (cluster) => {
      const topics = await listTopics(cluster)
      const found = await cluster.metadata.need([...topics.keys()])
      return found.every(({ partitions: all }) =>
        all.every(({ leader, inSync }) => leader >= 0 && inSync.length >= replicas),
      )
    })
  } catch {
    return false
  }
}

/** Partitions in which a transaction is open: since which offset, and whose. */
export async function openPartitions(kafka: string, topics: readonly string[]): Promise<string[]> {
  return within(kafka, async (cluster) => {
    const places = topics.flatMap((topic) =>
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition, at: 'latest' as const })),
    )
    const stable = await listOffsets(cluster, places, { isolation: 'read_committed' })
    const ends = await listOffsets(cluster, places, { isolation: 'read_uncommitted' })
    const open: string[] = []
    for (const [i, { topic, partition, offset: to }] of ends.entries()) {
      const from = stable[i]?.offset ?? to
      if (from < to)
        open.push(`${topic}-${partition} since ${from}${await firstBatch(cluster, topic, partition, from)}`)
    }
    return open
  })
}

async function firstBatch(cluster: Cluster, topic: string, partition: number, from: number): Promise<string> {
  for await (const { batches } of readPartition(cluster, { topic, partition, from, to: from + 1 })) {
    const header = batches[0]?.records.header
    if (header !== undefined) return ` (${batchText(header)})`
  }
  return ''
}

/** Whose batch it is. */
export function batchText(header: BatchHeader): string {
  const { producerId, producerEpoch, baseSequence, baseOffset } = header
  return `producer ${producerId} epoch ${producerEpoch} sequence ${baseSequence} offset ${baseOffset}`
}
