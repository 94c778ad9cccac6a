/** ListOffsets and OffsetForLeaderEpoch: offsets by time, by end, by epoch. */
import {
  errorCode,
  listOffsets,
  offsetForLeaderEpoch,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponse,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import { findByTimestamp, findLatest } from '../log/timestamp-search.ts'
import type { Partition } from '../topic/topic.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'

/** Kafka's names for times that are none. */
const latest = -1n
const earliest = -2n
const greatestTimestamp = -3n
const earliestLocal = -4n
const leaderEpochFrom = 4

interface Found {
  readonly offset: number
  readonly timestampMs: number
}

const notFound: Found = { offset: -1, timestampMs: -1 }

function handleListOffsets(
  state: BrokerState,
  body: ListOffsetsRequest,
  context: RequestContext,
): Answer<ListOffsetsResponse> {
  const topics = body.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, timestamp, currentLeaderEpoch }) => {
      const partition = state.topics.partition(name, partitionIndex)
      const error = refusal(partition, currentLeaderEpoch, context)
      if (partition === undefined || error !== errorCode.NONE) {
        return { partitionIndex, errorCode: error, timestamp: -1n, offset: -1n, leaderEpoch: -1 }
      }
      const found = find(partition, timestamp, body.isolationLevel === 1)
      return {
        partitionIndex,
        errorCode: errorCode.NONE,
        timestamp: BigInt(found.timestampMs),
        offset: BigInt(found.offset),
        leaderEpoch: context.version < leaderEpochFrom ? -1 : epochAt(partition, found.offset),
      }
    }),
  }))
  return { topics }
}

function find(partition: Partition, timestamp: bigint, committed: boolean): Found {
  const { log } = partition
  const end = committed ? log.lastStableOffset : log.endOffset
  if (timestamp === latest) return { offset: end, timestampMs: -1 }
  if (timestamp === earliest || timestamp === earliestLocal) return { offset: log.startOffset, timestampMs: -1 }
  if (timestamp === greatestTimestamp) return findLatest(log) ?? notFound
  if (timestamp < 0n) return notFound
  return findByTimestamp(log, Number(timestamp), end) ?? notFound
}

/** Epoch under which the record at `offset` was written, the present one at the end of the log. */
function epochAt(partition: Partition, offset: number): number {
  if (offset < 0) return -1
  const { log, leaderEpoch } = partition
  return offset >= log.endOffset ? leaderEpoch : Math.max(log.epochs.at(offset), 0)
}

function refusal(partition: Partition | undefined, currentLeaderEpoch: number, context: RequestContext): number {
  if (partition === undefined) return errorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (partition.leader !== context.nodeId) return errorCode.NOT_LEADER_OR_FOLLOWER
  if (currentLeaderEpoch < 0 || currentLeaderEpoch === partition.leaderEpoch) return errorCode.NONE
  const older = currentLeaderEpoch < partition.leaderEpoch
  return older ? errorCode.FENCED_LEADER_EPOCH : errorCode.UNKNOWN_LEADER_EPOCH
}

function handleOffsetForLeaderEpoch(
  state: BrokerState,
  body: OffsetForLeaderEpochRequest,
  context: RequestContext,
): Answer<OffsetForLeaderEpochResponse> {
  const topics = body.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition: index, leaderEpoch, currentLeaderEpoch }) => {
      const partition = state.topics.partition(topic, index)
      const error = refusal(partition, currentLeaderEpoch, context)
      if (partition === undefined || error !== errorCode.NONE) {
        return { partition: index, errorCode: error, leaderEpoch: -1, endOffset: -1n }
      }
      const { log } = partition
      const end = log.epochs.endOf(leaderEpoch, { currentEpoch: partition.leaderEpoch, endOffset: log.endOffset })
      return { partition: index, errorCode: error, leaderEpoch: end.epoch, endOffset: BigInt(end.endOffset) }
    }),
  }))
  return { topics }
}

export const offsetRoutes: readonly Route[] = [
  route(listOffsets, handleListOffsets),
  route(offsetForLeaderEpoch, handleOffsetForLeaderEpoch),
]
