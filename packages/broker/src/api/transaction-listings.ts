/** DescribeProducers, DescribeTransactions and ListTransactions. */
import {
  describeProducers,
  describeTransactions,
  errorCode,
  listTransactions,
  type DescribeProducersRequest,
  type DescribeProducersResponse,
  type DescribeTransactionsRequest,
  type DescribeTransactionsResponse,
  type ListTransactionsRequest,
  type ListTransactionsResponse,
  type MessageInput,
} from '@millrace/protocol/internal'
import { hashOf, type BrokerState } from '../broker-state.ts'
import type { ProducerState } from '../log/producer-states.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { isElsewhere } from './group-handlers.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'

type DescribedTransaction = MessageInput<DescribeTransactionsResponse['transactionStates'][number]>

/** Where real brokers keep committed offsets; named in descriptions only. */
const offsetsTopic = '__consumer_offsets'
const knownStates: ReadonlySet<string> = new Set([
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'PrepareEpochFence',
  'Dead',
])

function handleProducers(
  state: BrokerState,
  body: DescribeProducersRequest,
  context: RequestContext,
): Answer<DescribeProducersResponse> {
  return {
    topics: body.topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => {
        const partition = state.topics.partition(name, partitionIndex)
        if (partition === undefined) return { partitionIndex, errorCode: errorCode.UNKNOWN_TOPIC_OR_PARTITION }
        if (partition.leader !== context.nodeId) return { partitionIndex, errorCode: errorCode.NOT_LEADER_OR_FOLLOWER }
        const activeProducers = [...partition.log.producers.all()].map((producer) => describeProducer(producer))
        return { partitionIndex, errorCode: errorCode.NONE, activeProducers }
      }),
    })),
  }
}

function describeProducer(
  producer: ProducerState,
): MessageInput<DescribeProducersResponse['topics'][number]['partitions'][number]['activeProducers'][number]> {
  return {
    producerId: BigInt(producer.producerId),
    producerEpoch: producer.epoch,
    lastSequence: producer.batches[producer.batches.length - 1]?.lastSequence ?? -1,
    lastTimestamp: BigInt(producer.lastTimestampMs),
    coordinatorEpoch: producer.coordinatorEpoch,
    currentTxnStartOffset: BigInt(producer.transactionStart),
  }
}

function handleDescribe(
  state: BrokerState,
  body: DescribeTransactionsRequest,
  context: RequestContext,
): Answer<DescribeTransactionsResponse> {
  return {
    transactionStates: body.transactionalIds.map((transactionalId) => {
      if (isElsewhere(state, transactionalId, context)) {
        return { transactionalId, errorCode: errorCode.NOT_COORDINATOR }
      }
      const transaction = state.transactions.get(transactionalId)
      if (transaction) return describe(state, transaction)
      return { transactionalId, errorCode: errorCode.TRANSACTIONAL_ID_NOT_FOUND }
    }),
  }
}

function describe(state: BrokerState, transaction: Transaction): DescribedTransaction {
  const byTopic = new Map<string, number[]>()
  const note = (topic: string, partition: number): void => {
    const partitions = byTopic.get(topic)
    if (partitions === undefined) byTopic.set(topic, [partition])
    else if (!partitions.includes(partition)) partitions.push(partition)
  }
  for (const [topic, partition] of transaction.partitions.values()) note(topic, partition)
  const offsetsPartitions = state.config.number('offsets.topic.num.partitions')
  for (const group of transaction.groups) note(offsetsTopic, hashOf(group) % offsetsPartitions)
  return {
    errorCode: errorCode.NONE,
    transactionalId: transaction.transactionalId,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: BigInt(transaction.startMs),
    producerId: BigInt(transaction.producerId),
    producerEpoch: transaction.producerEpoch,
    topics: [...byTopic].map(([topic, partitions]) => ({ topic, partitions })),
  }
}

function handleList(
  state: BrokerState,
  body: ListTransactionsRequest,
  context: RequestContext,
): Answer<ListTransactionsResponse> {
  const { stateFilters, producerIdFilters, durationFilter } = body
  const pattern = patternOf(body.transactionalIdPattern)
  if (pattern === 'invalid') return { errorCode: errorCode.INVALID_REGULAR_EXPRESSION }
  const nowMs = state.surroundings.clock.nowMs()
  const wanted = (transaction: Transaction): boolean =>
    !isElsewhere(state, transaction.transactionalId, context) &&
    (stateFilters.length === 0 || stateFilters.includes(transaction.state)) &&
    (producerIdFilters.length === 0 || producerIdFilters.includes(BigInt(transaction.producerId))) &&
    (durationFilter < 0n || (transaction.startMs >= 0 && BigInt(nowMs - transaction.startMs) > durationFilter)) &&
    (pattern === undefined || pattern.test(transaction.transactionalId))
  return {
    errorCode: errorCode.NONE,
    unknownStateFilters: stateFilters.filter((name) => !knownStates.has(name)),
    transactionStates: state.transactions
      .all()
      .filter(wanted)
      .map((transaction) => ({
        transactionalId: transaction.transactionalId,
        producerId: BigInt(transaction.producerId),
        transactionState: transaction.state,
      })),
  }
}

function patternOf(text: string | null): RegExp | undefined | 'invalid' {
  if (text === null || text === '') return undefined
  try {
    return new RegExp(`^(?:${text})$`)
  } catch {
    return 'invalid'
  }
}

export const transactionListingRoutes: readonly Route[] = [
  route(describeProducers, handleProducers),
  route(describeTransactions, handleDescribe),
  route(listTransactions, handleList),
]
