/** Reads an output topic back, read_committed, and sums it. */
import { type Cluster, listOffsets, readPartition } from '@millrace/protocol'
import { OutputChecksum, type OutputSummary } from './checksum.ts'
import { partitions } from './load-topic.ts'

export async function readOutput(cluster: Cluster, topic: string): Promise<OutputSummary> {
  const isolation = 'read_committed' as const
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, at: 'latest' as const }))
  const ends = await listOffsets(cluster, places, { isolation })
  const sums = new OutputChecksum()
  for (const { partition, offset: to } of ends) {
    for await (const part of readPartition(cluster, { topic, partition, from: 0, to }, { isolation, maxWaitMs: 20 })) {
      for (const { records, first } of part.batches) {
        for (let i = first; i < records.count; i++)
          sums.add(records.keyAt(i), records.valueAt(i), records.timestampAt(i))
      }
    }
  }
  return sums.summary()
}

/** Offsets behind the last record of each partition, added up. */
export async function endOf(cluster: Cluster, topic: string): Promise<number> {
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, at: 'latest' as const }))
  return (await listOffsets(cluster, places)).reduce((sum, { offset }) => sum + offset, 0)
}
