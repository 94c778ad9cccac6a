/**
 * C1 and C3: what our own clients cost without topology, tasks and stores. C1 reads and commits; C3 also writes every
 * record on. The difference to W1 is what the engine adds.
 */
import { silentLogger } from '@millrace/core/port'
import {
  Cluster,
  commitOffsets,
  fetchCommittedOffsets,
  type FetchedPartition,
  Fetcher,
  type OffsetToCommit,
  outsider,
  partitionForKey,
  Producer,
  type Surroundings,
  TransactionalProducer,
} from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers } from '@millrace/runtime/internal'
import { kafkajsTransport } from '@millrace/transport-kafkajs'
import type { RunningWorkload, WorkloadEvents } from './start-workload.ts'
import type { WorkloadArguments } from './workload-arguments.ts'

const around: Surroundings = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }
const bufferedBytesMax = 32 * 1024 * 1024

/** Where records and offsets go: nowhere and to the group, on by a producer, or both in a transaction. */
interface Output {
  write(part: FetchedPartition): void
  ready(): Promise<void>
  commit(offsets: readonly OffsetToCommit[]): Promise<void>
}

export async function startClientFloor(given: WorkloadArguments, events: WorkloadEvents): Promise<RunningWorkload> {
  const transport = kafkajsTransport({ brokers: [...given.bootstrap], clientId: given.appId })
  const open = async (role: 'fetch' | 'produce' | 'admin'): Promise<Cluster> =>
    new Cluster(await transport.open(role), around)
  const [reading, admin, writing] = await Promise.all([open('fetch'), open('admin'), open('produce')])
  const output = await outputOf(given, { admin, writing })
  const fetcher = new Fetcher(reading)
  const topics = await reading.metadata.need(given.input)
  const places = topics.flatMap(({ name, partitions }) =>
    partitions.map((_, partition) => ({ topic: name, partition })),
  )
  const committed = await fetchCommittedOffsets(admin, given.appId, places)
  fetcher.assign(
    committed.map(({ topic, partition, offset }) => ({ topic, partition, offset: offset < 0 ? 'earliest' : offset })),
  )
  let records = 0
  let ending = false
  const loop = async (): Promise<void> => {
    const positions = new Map<string, OffsetToCommit>()
    let committedMs = around.clock.nowMs()
    while (!ending || positions.size > 0) {
      for (const part of ending ? [] : await fetcher.poll(100)) {
        for (const { records: batch, first } of part.batches) records += batch.count - first
        output.write(part)
        const { topic, partition, nextOffset } = part
        positions.set(`${topic}-${partition}`, { topic, partition, offset: nextOffset })
      }
      await output.ready()
      const nowMs = around.clock.nowMs()
      if (!ending && nowMs - committedMs < given.commitMs) continue
      committedMs = nowMs
      if (positions.size > 0) await output.commit([...positions.values()])
      positions.clear()
    }
  }
  const running = loop()
  running.catch((error: unknown) => events.onFailure(error))
  events.onReady()
  return {
    records: () => records,
    close: async () => {
      ending = true
      fetcher.wakeup()
      await running
      await fetcher.close()
      await transport.close()
    },
  }
}

async function outputOf(given: WorkloadArguments, clusters: { admin: Cluster; writing: Cluster }): Promise<Output> {
  const { admin, writing } = clusters
  const identity = outsider(given.appId)
  if (given.workload === 'C1') {
    return {
      write: () => undefined,
      ready: async () => undefined,
      commit: (offsets) => commitOffsets(admin, identity, offsets),
    }
  }
  const [topic] = await writing.metadata.need([given.output])
  const partitions = topic?.partitions.length ?? 1
  const options = { lingerMs: given.lingerMs, batchBytes: given.batchBytes }
  if (given.guarantee === 'at-least-once') {
    const producer = new Producer(writing, options)
    return {
      write: (part) => copy(part, producer, given.output, partitions),
      ready: () => producer.space(bufferedBytesMax),
      commit: async (offsets) => {
        await producer.flush()
        await commitOffsets(admin, identity, offsets)
      },
    }
  }
  const transactional = new TransactionalProducer(writing, { ...options, transactionalId: `${given.appId}-0` })
  await transactional.init()
  return {
    write: (part) => copy(part, transactional.producer, given.output, partitions),
    ready: () => transactional.producer.space(bufferedBytesMax),
    commit: async (offsets) => {
      await transactional.sendOffsets(identity, offsets)
      await transactional.commit()
    },
  }
}

function copy(part: FetchedPartition, producer: Producer, topic: string, partitions: number): void {
  for (const { records, first } of part.batches) {
    for (let i = first; i < records.count; i++) {
      const key = records.keyAt(i)
      const partition = key === null ? 0 : partitionForKey(key, partitions)
      producer.append(topic, partition, key, records.valueAt(i), records.timestampAt(i), records.headersAt(i))
    }
  }
}
