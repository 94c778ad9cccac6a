/** InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, TxnOffsetCommit and EndTxn. */
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  errorCode,
  initProducerId,
  txnOffsetCommit,
  type AddOffsetsToTxnRequest,
  type AddOffsetsToTxnResponse,
  type AddPartitionsToTxnRequest,
  type AddPartitionsToTxnRequestTopic,
  type AddPartitionsToTxnResponse,
  type EndTxnRequest,
  type EndTxnResponse,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
  type MessageInput,
  type TxnOffsetCommitRequest,
  type TxnOffsetCommitResponse,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import type { OffsetEntry } from '../journal/journal-entry.ts'
import type { ProducerClaim } from '../transaction/transaction-coordinator.ts'
import { isElsewhere } from './group-handlers.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'
import { planOffsets } from './offset-handlers.ts'

/** Topics of the broker's own, which no client may write to, whatever its rights. */
const internalTopics: readonly string[] = ['__consumer_offsets', '__transaction_state']

type TopicResults = MessageInput<AddPartitionsToTxnResponse['resultsByTopicV3AndBelow']>

/** Versions from which the newer code for a fenced producer (90) is known. */
const fencedFrom = { initProducerId: 4, addPartitions: 2, addOffsets: 2, endTxn: 2 } as const
const manyTransactionsFrom = 4
/** EndTxn and TxnOffsetCommit of transactions V2 (KIP-890). */
const transactionsV2From = 5
/** TxnOffsetCommit knows TRANSACTION_ABORTABLE. */
const abortableFrom = 4
/** How long a broker waits for the markers of the last transaction before it sends the client away. */
const decisionWaitMs = 500

function handleInit(
  state: BrokerState,
  body: InitProducerIdRequest,
  context: RequestContext,
): Answer<InitProducerIdResponse> {
  const { transactionalId } = body
  if (body.producerId >= 0n !== body.producerEpoch >= 0) {
    return { errorCode: errorCode.INVALID_REQUEST, producerId: -1n, producerEpoch: -1 }
  }
  if (transactionalId === null) {
    return { errorCode: errorCode.NONE, producerId: BigInt(state.producerIds.next()), producerEpoch: 0 }
  }
  if (isElsewhere(state, transactionalId, context)) {
    return { errorCode: errorCode.NOT_COORDINATOR, producerId: -1n, producerEpoch: -1 }
  }
  const expected = { producerId: Number(body.producerId), producerEpoch: body.producerEpoch }
  const answer = state.transactions.init(transactionalId, body.transactionTimeoutMs, expected)
  return {
    errorCode: knownCode(answer.error, context.version >= fencedFrom.initProducerId),
    producerId: BigInt(answer.producerId),
    producerEpoch: answer.producerEpoch,
  }
}

function handleAddPartitions(
  state: BrokerState,
  body: AddPartitionsToTxnRequest,
  context: RequestContext,
): Answer<AddPartitionsToTxnResponse> {
  if (context.version >= manyTransactionsFrom) {
    const resultsByTransaction = body.transactions.map(({ transactionalId, producerEpoch, topics, ...rest }) => {
      const claim = { transactionalId, producerId: Number(rest.producerId), producerEpoch }
      return {
        transactionalId,
        topicResults: addTopics(state, { claim, topics, verifyOnly: rest.verifyOnly }, context),
      }
    })
    return { errorCode: errorCode.NONE, resultsByTransaction }
  }
  const claim = {
    transactionalId: body.v3AndBelowTransactionalId,
    producerId: Number(body.v3AndBelowProducerId),
    producerEpoch: body.v3AndBelowProducerEpoch,
  }
  const added = { claim, topics: body.v3AndBelowTopics, verifyOnly: false }
  return { resultsByTopicV3AndBelow: addTopics(state, added, context) }
}

function addTopics(
  state: BrokerState,
  added: { claim: ProducerClaim; topics: readonly AddPartitionsToTxnRequestTopic[]; verifyOnly: boolean },
  context: RequestContext,
): TopicResults {
  const { claim, topics } = added
  const exists = (name: string, index: number): boolean => state.topics.partition(name, index) !== undefined
  const partitions = topics.flatMap(({ name, partitions: indexes }) => indexes.map((index) => [name, index] as const))
  const missing = partitions.some(([name, index]) => !exists(name, index) || internalTopics.includes(name))
  const addition = { partitions, groups: [] }
  let error: number = errorCode.OPERATION_NOT_ATTEMPTED
  if (isElsewhere(state, claim.transactionalId, context)) error = errorCode.NOT_COORDINATOR
  else if (!missing) {
    const answer = added.verifyOnly
      ? state.transactions.verify(claim, addition)
      : state.transactions.add(claim, addition)
    error = knownCode(answer, context.version >= fencedFrom.addPartitions)
  }
  return topics.map(({ name, partitions: indexes }) => ({
    name,
    resultsByPartition: indexes.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: internalTopics.includes(name)
        ? errorCode.TOPIC_AUTHORIZATION_FAILED
        : exists(name, partitionIndex)
          ? error
          : errorCode.UNKNOWN_TOPIC_OR_PARTITION,
    })),
  }))
}

function handleAddOffsets(
  state: BrokerState,
  body: AddOffsetsToTxnRequest,
  context: RequestContext,
): Answer<AddOffsetsToTxnResponse> {
  const { transactionalId, producerEpoch, groupId } = body
  if (isElsewhere(state, transactionalId, context)) return { errorCode: errorCode.NOT_COORDINATOR }
  const claim = { transactionalId, producerId: Number(body.producerId), producerEpoch }
  const error = state.transactions.add(claim, { partitions: [], groups: [groupId] })
  return { errorCode: knownCode(error, context.version >= fencedFrom.addOffsets) }
}

function handleEnd(state: BrokerState, body: EndTxnRequest, context: RequestContext): Answer<EndTxnResponse> {
  const { transactionalId, producerEpoch, committed: commit } = body
  const bumpsEpoch = context.version >= transactionsV2From
  if (isElsewhere(state, transactionalId, context)) return { errorCode: errorCode.NOT_COORDINATOR }
  const producerId = Number(body.producerId)
  const answer = state.transactions.end(transactionalId, { producerId, producerEpoch, commit, bumpsEpoch })
  return {
    errorCode: knownCode(answer.error, context.version >= fencedFrom.endTxn),
    producerId: BigInt(bumpsEpoch ? answer.producerId : -1),
    producerEpoch: bumpsEpoch ? answer.producerEpoch : -1,
  }
}

function handleOffsetCommit(
  state: BrokerState,
  body: TxnOffsetCommitRequest,
  context: RequestContext,
): Answer<TxnOffsetCommitResponse> {
  const wait =
    context.version >= transactionsV2From
      ? state.transactions.whenDecided(body.transactionalId, decisionWaitMs)
      : undefined
  if (wait === undefined) return commitOffsets(state, body, context)
  return wait.then(() => commitOffsets(state, body, context))
}

function commitOffsets(
  state: BrokerState,
  body: TxnOffsetCommitRequest,
  context: RequestContext,
): MessageInput<TxnOffsetCommitResponse> {
  const { groupId } = body
  const error = checkOffsetCommit(state, body, context)
  const entries: OffsetEntry[] = []
  const topics = body.topics.map(({ name, partitions }) => {
    if (error !== errorCode.NONE) {
      return { name, partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: error })) }
    }
    const planned = planOffsets(state, name, partitions)
    entries.push(...planned.entries)
    return { name, partitions: planned.answers }
  })
  if (entries.length > 0) {
    state.groups.ensure(groupId)
    const producer = { producerId: Number(body.producerId), producerEpoch: body.producerEpoch }
    state.offsets.commitPending(groupId, producer, entries)
  }
  return { topics }
}

function checkOffsetCommit(state: BrokerState, body: TxnOffsetCommitRequest, context: RequestContext): number {
  const { groupId, memberId, groupInstanceId, transactionalId, producerEpoch } = body
  if (groupId === '') return errorCode.INVALID_GROUP_ID
  if (isElsewhere(state, groupId, context)) return errorCode.NOT_COORDINATOR
  const claim = { transactionalId, producerId: Number(body.producerId), producerEpoch }
  const addition = { partitions: [], groups: [groupId] }
  if (!state.offsets.hasPending(groupId, claim)) {
    const implicit = context.version >= transactionsV2From
    const error = implicit ? state.transactions.add(claim, addition) : state.transactions.verify(claim, addition)
    if (error !== errorCode.NONE) return offsetCommitCode(error, context.version)
  }
  const generation = body.generationIdOrMemberEpoch
  return state.groups.checkCommit({ groupId, memberId, groupInstanceId, generation }, true)
}

/** What a group coordinator makes of the transaction coordinator's refusal. */
function offsetCommitCode(error: number, version: number): number {
  if (error === errorCode.PRODUCER_FENCED) return errorCode.INVALID_PRODUCER_EPOCH
  if (error === errorCode.INVALID_TXN_STATE && version >= abortableFrom) return errorCode.TRANSACTION_ABORTABLE
  if (error === errorCode.CONCURRENT_TRANSACTIONS && version < transactionsV2From) {
    return errorCode.COORDINATOR_NOT_AVAILABLE
  }
  return error
}

/** Older versions know a fenced producer by an older code. */
function knownCode(error: number, knowsFenced: boolean): number {
  return error === errorCode.PRODUCER_FENCED && !knowsFenced ? errorCode.INVALID_PRODUCER_EPOCH : error
}

export const transactionRoutes: readonly Route[] = [
  route(initProducerId, handleInit),
  route(addPartitionsToTxn, handleAddPartitions),
  route(addOffsetsToTxn, handleAddOffsets),
  route(txnOffsetCommit, handleOffsetCommit),
  route(endTxn, handleEnd),
]
