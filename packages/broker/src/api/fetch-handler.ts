/**
 * Fetch: slices of the logs, with Kafka's limits, and a long poll that waits for new bytes.
 *
 * Whole requests only: an incremental fetch session is refused by answering session id 0, and clients go on without.
 */
import { errorCode, fetch, type FetchRequest, type FetchRequestPartition } from '@millrace/protocol/internal'
import type { FetchResponse, MessageInput } from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import type { Partition } from '../topic/topic.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'

type PartitionData = MessageInput<FetchResponse['responses'][number]['partitions'][number]>

const topicIdsFrom = 13
/** Consumers may read from followers since KIP-392. */
const followersFrom = 11
const noBytes: Uint8Array = new Uint8Array(0)

/** One pass over the requested partitions. */
interface Pass {
  readonly response: MessageInput<FetchResponse>
  readonly bytes: number
  readonly failed: boolean
}

function handleFetch(state: BrokerState, body: FetchRequest, context: RequestContext): Answer<FetchResponse> {
  if (body.sessionId !== 0) {
    return { errorCode: errorCode.FETCH_SESSION_ID_NOT_FOUND, sessionId: 0, responses: [] }
  }
  const first = readAll(state, body, context)
  if (first.failed || first.bytes >= body.minBytes || body.maxWaitMs <= 0) return first.response
  return waitForBytes(state, { body, context, bytes: first.bytes })
}

/** Parks the request until enough bytes have come, a partition has gone, or the time is over. */
function waitForBytes(
  state: BrokerState,
  fetching: { body: FetchRequest; context: RequestContext; bytes: number },
): Promise<MessageInput<FetchResponse>> {
  const { body, context } = fetching
  let { bytes } = fetching
  return new Promise((resolve) => {
    const stops: (() => void)[] = []
    const giveUp = (): void => {
      timer.cancel()
      for (const stop of stops) stop()
      state.parked.delete(giveUp)
    }
    const finish = (): void => {
      giveUp()
      resolve(readAll(state, body, context).response)
    }
    state.parked.add(giveUp)
    const timer = state.surroundings.timers.after(body.maxWaitMs, finish)
    const wake = (added: number): void => {
      bytes += added
      if (bytes >= body.minBytes) finish()
    }
    for (const wanted of body.topics) {
      const topic = context.version >= topicIdsFrom ? state.topics.byId(wanted.topicId) : state.topics.get(wanted.topic)
      for (const { partition } of wanted.partitions) {
        const found = topic?.partitions[partition]
        if (found) stops.push(found.listen(wake))
      }
    }
  })
}

function readAll(state: BrokerState, body: FetchRequest, context: RequestContext): Pass {
  let left = body.maxBytes
  let bytes = 0
  let failed = false
  const responses = body.topics.map((wanted) => {
    const byId = context.version >= topicIdsFrom
    const topic = byId ? state.topics.byId(wanted.topicId) : state.topics.get(wanted.topic)
    const unknown = byId ? errorCode.UNKNOWN_TOPIC_ID : errorCode.UNKNOWN_TOPIC_OR_PARTITION
    const partitions = wanted.partitions.map((from) => {
      const partition = topic?.partitions[from.partition]
      const error = partition === undefined ? unknown : refusal(partition, from, context)
      if (partition === undefined || error !== errorCode.NONE) {
        failed = true
        return failure(from.partition, topic === undefined ? unknown : error)
      }
      const committed = body.isolationLevel === 1
      const data = readPartition(partition, from, { bytesMax: left, wholeFirstBatch: bytes === 0, committed })
      const size = data.records?.length ?? 0
      bytes += size
      left = Math.max(0, left - size)
      if (data.divergingEpoch !== undefined) failed = true
      return data
    })
    return { topic: wanted.topic, topicId: wanted.topicId, partitions }
  })
  return { response: { errorCode: errorCode.NONE, sessionId: 0, responses }, bytes, failed }
}

function refusal(partition: Partition, from: FetchRequestPartition, context: RequestContext): number {
  const isReplica = partition.replicas.includes(context.nodeId)
  if (partition.leader !== context.nodeId && !(isReplica && context.version >= followersFrom)) {
    return errorCode.NOT_LEADER_OR_FOLLOWER
  }
  if (from.currentLeaderEpoch >= 0 && from.currentLeaderEpoch < partition.leaderEpoch) {
    return errorCode.FENCED_LEADER_EPOCH
  }
  if (from.currentLeaderEpoch > partition.leaderEpoch) return errorCode.UNKNOWN_LEADER_EPOCH
  const offset = Number(from.fetchOffset)
  const { log } = partition
  return offset < log.startOffset || offset > log.endOffset ? errorCode.OFFSET_OUT_OF_RANGE : errorCode.NONE
}

function readPartition(
  partition: Partition,
  from: FetchRequestPartition,
  limits: { bytesMax: number; wholeFirstBatch: boolean; committed: boolean },
): PartitionData {
  const { log } = partition
  const offset = Number(from.fetchOffset)
  const upTo = limits.committed ? log.lastStableOffset : log.endOffset
  const data = {
    partitionIndex: partition.index,
    errorCode: errorCode.NONE,
    highWatermark: BigInt(log.endOffset),
    lastStableOffset: BigInt(log.lastStableOffset),
    logStartOffset: BigInt(log.startOffset),
  }
  const diverging = divergence(partition, from)
  if (diverging) return { ...data, divergingEpoch: diverging, abortedTransactions: null, records: noBytes }
  const bytesMax = Math.min(limits.bytesMax, from.partitionMaxBytes)
  const read = log.read({ offset, upTo, bytesMax, wholeFirstBatch: limits.wholeFirstBatch })
  const aborted = limits.committed ? log.abortedWithin(offset, read.boundOffset) : null
  const abortedTransactions =
    aborted?.map((entry) => ({ producerId: BigInt(entry.producerId), firstOffset: BigInt(entry.firstOffset) })) ?? null
  return { ...data, abortedTransactions, records: read.bytes }
}

/** Where a client's log and this one part ways, when the client says which epoch it read last (KIP-595). */
function divergence(
  partition: Partition,
  from: FetchRequestPartition,
): { epoch: number; endOffset: bigint } | undefined {
  if (from.lastFetchedEpoch < 0) return undefined
  const { log, leaderEpoch } = partition
  const end = log.epochs.endOf(from.lastFetchedEpoch, { currentEpoch: leaderEpoch, endOffset: log.endOffset })
  if (end.epoch === from.lastFetchedEpoch && end.endOffset >= Number(from.fetchOffset)) return undefined
  if (end.epoch < 0) return undefined
  return { epoch: end.epoch, endOffset: BigInt(end.endOffset) }
}

function failure(partitionIndex: number, error: number): PartitionData {
  return {
    partitionIndex,
    errorCode: error,
    highWatermark: -1n,
    lastStableOffset: -1n,
    logStartOffset: -1n,
    abortedTransactions: null,
    records: noBytes,
  }
}

export const fetchRoutes: readonly Route[] = [route(fetch, handleFetch)]
