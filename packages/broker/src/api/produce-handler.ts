/**
 * Produce: one batch per partition, checked, placed and appended as it is.
 */
import {
  errorCode,
  produce,
  type MessageInput,
  type ProduceRequest,
  type ProduceResponse,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import { checkClientBatch, isRefusal } from '../log/batch-check.ts'
import type { BatchHeader } from '../log/batch-header.ts'
import type { Partition, Topic } from '../topic/topic.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'

/** What happened to one partition. */
interface Outcome {
  readonly error: number
  readonly reason?: string
  readonly baseOffset?: number
  readonly appendTimeMs?: number
  readonly startOffset?: number
}

/** Versions from which the client names topics by id, transactions V2 apply, TRANSACTION_ABORTABLE is known. */
const topicIdsFrom = 13
const transactionsV2From = 12
const abortableFrom = 11
/** How long a broker waits for the markers of the last transaction before it sends the client away. */
const decisionWaitMs = 500

function handleProduce(state: BrokerState, body: ProduceRequest, context: RequestContext): Answer<ProduceResponse> {
  const implicit = body.transactionalId !== null && context.version >= transactionsV2From
  const wait = implicit ? state.transactions.whenDecided(body.transactionalId, decisionWaitMs) : undefined
  return wait === undefined ? produceAll(state, body, context) : wait.then(() => produceAll(state, body, context))
}

function produceAll(
  state: BrokerState,
  body: ProduceRequest,
  context: RequestContext,
): MessageInput<ProduceResponse> | undefined {
  const responses = body.topicData.map((data) => {
    const topic = context.version >= topicIdsFrom ? state.topics.byId(data.topicId) : state.topics.get(data.name)
    return {
      name: data.name,
      topicId: data.topicId,
      partitionResponses: data.partitionData.map(({ index, records }) => {
        const outcome = produceTo(state, { topic, index, records: records ?? new Uint8Array(0) }, body, context)
        return {
          index,
          errorCode: outcome.error,
          baseOffset: BigInt(outcome.baseOffset ?? -1),
          logAppendTimeMs: BigInt(outcome.appendTimeMs ?? -1),
          logStartOffset: BigInt(outcome.startOffset ?? -1),
          errorMessage: outcome.reason ?? null,
        }
      }),
    }
  })
  return body.acks === 0 ? undefined : { responses, throttleTimeMs: 0 }
}

function produceTo(
  state: BrokerState,
  to: { topic: Topic | undefined; index: number; records: Uint8Array },
  request: ProduceRequest,
  context: RequestContext,
): Outcome {
  const { topic, index, records } = to
  if (request.acks < -1 || request.acks > 1) return { error: errorCode.INVALID_REQUIRED_ACKS }
  if (topic === undefined && context.version >= topicIdsFrom) return { error: errorCode.UNKNOWN_TOPIC_ID }
  const partition = topic?.partitions[index]
  if (topic === undefined || partition === undefined) return { error: errorCode.UNKNOWN_TOPIC_OR_PARTITION }
  if (partition.leader !== context.nodeId) return { error: errorCode.NOT_LEADER_OR_FOLLOWER }
  const { settings } = topic.config
  if (request.acks === -1 && partition.replicas.length < settings.insyncReplicasMin) {
    return { error: errorCode.NOT_ENOUGH_REPLICAS }
  }
  return append(state, { partition, records, transactionalId: request.transactionalId }, context)
}

function append(
  state: BrokerState,
  to: { partition: Partition; records: Uint8Array; transactionalId: string | null },
  context: RequestContext,
): Outcome {
  const { partition, records } = to
  const { log } = partition
  const { settings } = partition.topic.config
  const nowMs = state.surroundings.clock.nowMs()
  const checked = checkClientBatch(records, settings, nowMs)
  if (isRefusal(checked)) return checked
  const unverified = checked.transactional ? verify(state, { ...to, header: checked }, context) : undefined
  if (unverified !== undefined) return unverified
  const strictStart = checked.transactional && context.version >= transactionsV2From
  try {
    const { leaderEpoch } = partition
    const appended = log.append(records, checked, { nowMs, leaderEpoch, settings, strictStart })
    if ('error' in appended) return appended
    if (!appended.repeated) partition.notify(records.length)
    const { baseOffset, appendTimeMs } = appended
    return { error: errorCode.NONE, baseOffset, appendTimeMs, startOffset: log.startOffset }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    state.surroundings.logger.error(`append to ${log.name} failed`, { reason })
    return { error: errorCode.KAFKA_STORAGE_ERROR, reason }
  }
}

/**
 * Asks the transaction coordinator before the first batch of a transaction in this partition, or adds the partition
 * under transactions V2 (KIP-890). Later batches find the transaction open in the log.
 */
function verify(
  state: BrokerState,
  of: { partition: Partition; header: BatchHeader; transactionalId: string | null },
  context: RequestContext,
): Outcome | undefined {
  const { partition, header, transactionalId } = of
  const { producerId, producerEpoch } = header
  if (transactionalId === null) return { error: errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED }
  // Kafka writes it as it is: without a producer there is no transaction that it could belong to
  if (producerId < 0) return undefined
  const { producers } = partition.log
  if (producers.hasOpenTransaction(producerId, producerEpoch)) return undefined
  const claim = { transactionalId, producerId, producerEpoch }
  const addition = { partitions: [[partition.topic.name, partition.index] as const], groups: [] }
  const implicit = context.version >= transactionsV2From
  producers.beginVerification(header, implicit, state.surroundings.clock.nowMs())
  const error = implicit ? state.transactions.add(claim, addition) : state.transactions.verify(claim, addition)
  switch (error) {
    case errorCode.NONE:
      return undefined
    case errorCode.PRODUCER_FENCED:
      return { error: errorCode.INVALID_PRODUCER_EPOCH, reason: 'The producer has been fenced' }
    case errorCode.INVALID_TXN_STATE: {
      const reason = 'Partition was not added to the transaction'
      return { error: context.version >= abortableFrom ? errorCode.TRANSACTION_ABORTABLE : error, reason }
    }
    case errorCode.CONCURRENT_TRANSACTIONS:
      // Clients before V2 do not try again at 51, but at this one they do.
      return { error: implicit ? error : errorCode.NOT_ENOUGH_REPLICAS, reason: 'The last transaction is being ended' }
    default:
      return { error }
  }
}

export const produceRoutes: readonly Route[] = [route(produce, handleProduce)]
