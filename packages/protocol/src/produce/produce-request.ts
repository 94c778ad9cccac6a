/** One Produce request to one leader, with at most one batch per partition. */
import { produce } from '../codec/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { groupBy } from '../cluster/grouping.ts'
import type { ProducerBatch } from './producer-batch.ts'

/** What the leader said about one batch. */
export interface ProducedPartition {
  readonly batch: ProducerBatch
  readonly errorCode: number
  /** −1 when it failed, or the broker recognised a repetition it no longer knows the offset of. */
  readonly baseOffset: number
  /** The broker's words, with those about single records. */
  readonly reason: string
}

/** How to send. */
export interface ProduceOptions {
  readonly transactionalId: string | null
  /** Highest version: 11 in a transaction V1. */
  readonly cap: number | undefined
  /** How long the leader may wait for its replicas. */
  readonly timeoutMs: number
}

/** Every replica in sync must have it. */
const acksAll = -1

/**
 * Sends the batches; a batch the answer does not speak of gets code −1 (UNKNOWN_SERVER_ERROR).
 *
 * @throws what `Cluster.call` throws
 */
export async function produceOnce(
  cluster: Cluster,
  leader: number,
  from: { readonly batches: readonly ProducerBatch[]; readonly options: ProduceOptions },
): Promise<ProducedPartition[]> {
  const { batches, options } = from
  const { transactionalId, cap, timeoutMs } = options
  const topicData = [...groupBy(batches, ({ topic }) => topic)].map(([name, list]) => ({
    name,
    partitionData: list.map(({ partition, bytes }) => ({ index: partition, records: bytes })),
  }))
  const body = { transactionalId, acks: acksAll, timeoutMs, topicData }
  const bytesMax = batches.reduce((sum, { topic, bytes }) => sum + bytes.length + topic.length + 64, 256)
  const response = await cluster.call(leader, produce, body, { cap, timeoutMs: timeoutMs + 5000, bytesMax })
  const answers = new Map(
    response.responses.flatMap(({ name, partitionResponses }) =>
      partitionResponses.map((answer) => [`${name}/${answer.index}`, answer] as const),
    ),
  )
  return batches.map((batch) => {
    const answer = answers.get(`${batch.topic}/${batch.partition}`)
    if (answer === undefined) return { batch, errorCode: -1, baseOffset: -1, reason: 'the answer does not name it' }
    const texts = [answer.errorMessage, ...answer.recordErrors.map((record) => record.batchIndexErrorMessage)]
    const reason = texts.filter((text) => text !== null && text !== '').join('; ')
    return { batch, errorCode: answer.errorCode, baseOffset: Number(answer.baseOffset), reason }
  })
}
