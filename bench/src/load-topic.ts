/** Fills a topic with a data set: records in generation order per partition, partitions by Kafka's hash, 128 KiB batches. */
import { silentLogger } from '@millrace/core/port'
import {
  assertTopics,
  Cluster,
  createTopics,
  deleteTopics,
  listTopics,
  partitionForKey,
  Producer,
  waitForTopics,
} from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers } from '@millrace/runtime/internal'
import { kafkajsTransport } from '@millrace/transport-kafkajs'
import { dataSets } from './data.ts'

export const partitions = 4
const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }

export async function withCluster<T>(bootstrap: string, run: (cluster: Cluster) => Promise<T>): Promise<T> {
  const transport = kafkajsTransport({ brokers: bootstrap.split(','), clientId: 'bench' })
  try {
    return await run(new Cluster(await transport.open('produce'), around))
  } finally {
    await transport.close()
  }
}

export async function createTopic(cluster: Cluster, name: string): Promise<void> {
  assertTopics(await createTopics(cluster, [{ name, partitions, configs: { 'retention.ms': '-1' } }]))
  await waitForTopics(cluster, [name])
}

/** Removes an application's topics: the disk of a machine does not hold the outputs of all runs. */
export async function deleteTopicsOf(cluster: Cluster, applicationId: string): Promise<void> {
  const names = [...(await listTopics(cluster)).keys()].filter((name) => name.startsWith(`${applicationId}-`))
  assertTopics(await deleteTopics(cluster, names))
}

/** @returns number of records written */
export async function loadTopic(cluster: Cluster, name: string, source: { set: string; n: number }): Promise<number> {
  const set = dataSets[source.set]
  if (set === undefined) throw new Error(`there is no data set "${source.set}"`)
  await createTopic(cluster, name)
  const producer = new Producer(cluster, { batchBytes: 128 * 1024, lingerMs: 100 })
  const appenders = Array.from({ length: partitions }, (_, partition) => producer.partition(name, partition))
  const count = set.count(source.n)
  for (let i = 0; i < count; i++) {
    const { key, value, timestampMs } = set.record(i, source.n)
    const keyBytes = Buffer.from(key, 'latin1')
    appenders[partitionForKey(keyBytes, partitions)]?.append(keyBytes, Buffer.from(value, 'latin1'), timestampMs, [])
    if (i % 10_000 === 0) await producer.space(16 * 1024 * 1024)
  }
  await producer.flush()
  await producer.close()
  return count
}
