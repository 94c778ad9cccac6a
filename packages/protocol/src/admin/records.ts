/** DeleteRecords: moves the start of partitions forward; how repartition topics are kept small. */
import { RetriableError } from '@millrace/core'
import { deleteRecords as deleteRecordsApi } from '../codec/apis.ts'
import { isInvalidMetadataCode } from '../codec/error-code.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { groupBy } from '../cluster/grouping.ts'
import { assertNoError } from '../cluster/response-error.ts'
import { retry } from '../cluster/retry.ts'
import { type AdminOptions, adminTimeoutMs } from './controller-call.ts'

/** Everything before `offset` goes; −1 means up to the high watermark. */
export interface RecordsToDelete {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/**
 * Deletes records; repeated while leaders move (deleting twice is harmless).
 *
 * @throws {MR_PROTOCOL_TOPIC_MISSING} {MR_PROTOCOL_AUTHORIZATION} {MR_PROTOCOL_RESPONSE} {MR_PROTOCOL_DEADLINE}
 */
export async function deleteRecords(
  cluster: Cluster,
  records: readonly RecordsToDelete[],
  options: AdminOptions = {},
): Promise<void> {
  const timeoutMs = options.timeoutMs ?? adminTimeoutMs
  const topics = [...new Set(records.map(({ topic }) => topic))]
  await cluster.metadata.need(topics, { timeoutMs })
  await retry(cluster.around, { what: 'DeleteRecords', timeoutMs }, async () => {
    try {
      const perLeader = groupBy(
        records,
        ({ topic, partition }) => cluster.metadata.leader(topic, partition)?.leader ?? -1,
      )
      await Promise.all([...perLeader].map(async ([leader, list]) => deleteAt(cluster, leader, { list, timeoutMs })))
    } catch (error) {
      if (error instanceof RetriableError) await cluster.metadata.refresh(topics)
      throw error
    }
  })
}

async function deleteAt(
  cluster: Cluster,
  leader: number,
  from: { readonly list: readonly RecordsToDelete[]; readonly timeoutMs: number },
): Promise<void> {
  const { list, timeoutMs } = from
  const response = await cluster.call(leader < 0 ? 'any' : leader, deleteRecordsApi, {
    topics: [...groupBy(list, ({ topic }) => topic)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, offset }) => ({ partitionIndex: partition, offset: BigInt(offset) })),
    })),
    timeoutMs: Math.min(timeoutMs, cluster.requestTimeoutMs),
  })
  const results = response.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode }) => ({ what: `${name}-${partitionIndex}`, topic: name, errorCode })),
  )
  // A failure that a retry cannot mend first.
  results.sort((a, b) => Number(isInvalidMetadataCode(a.errorCode)) - Number(isInvalidMetadataCode(b.errorCode)))
  for (const { what, topic, errorCode } of results) assertNoError(errorCode, { api: 'DeleteRecords', what, topic })
}
