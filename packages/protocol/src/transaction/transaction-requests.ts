/**
 * The requests of a transaction, and what their codes mean for the producer.
 *
 * Transaction V1 names every partition and group beforehand (AddPartitionsToTxn, AddOffsetsToTxn). Under transaction V2
 * (KIP-890, `transaction.version` 2) Produce 12 and TxnOffsetCommit 5 do that by themselves, and EndTxn 5 answers with
 * the epoch of the next transaction, so that nothing late can hit it.
 */
import { FatalError, type StreamsError, TaskMigratedError, TransactionAbortedError } from '@millrace/core'
import type { Cluster } from '../cluster/cluster.ts'
import { groupBy } from '../cluster/grouping.ts'
import { isAuthorizationCode, isFencedCode, responseError } from '../cluster/response-error.ts'
import { addOffsetsToTxn, addPartitionsToTxn, endTxn, type EndTxnResponse, txnOffsetCommit } from '../codec/apis.ts'
import { errorCode, errorName } from '../codec/error-code.ts'
import {
  commitError,
  commitTopics,
  type GroupIdentity,
  type OffsetToCommit,
  outsider,
  worstCommitCode,
} from '../group/group-offsets.ts'
import { isPlanted } from '../fault-switch.ts'
import type { ProducerIdentity } from '../produce/producer-batch.ts'

/** Who asks, for how long. */
export interface TransactionCall extends ProducerIdentity {
  readonly transactionalId: string
  readonly isV2: boolean
  readonly timeoutMs: number
  /** An answer was lost, and the request sent again. */
  readonly onLost: () => void
  /** Asked before each request; what it returns is thrown instead of asking. */
  readonly fence?: () => Error | null
}

/** Highest versions that mean V1 to the broker. */
const txnOffsetCommitV1 = 4
const endTxnV1 = 4

/**
 * Adds partitions to the open transaction (V1).
 *
 * @throws {MR_PROTOCOL_PRODUCER_FENCED} {MR_PROTOCOL_TRANSACTION_ABORTED} {MR_PROTOCOL_AUTHORIZATION}
 *   {MR_PROTOCOL_DEADLINE}
 */
export async function addPartitions(
  cluster: Cluster,
  call: TransactionCall,
  partitions: readonly { readonly topic: string; readonly partition: number }[],
): Promise<void> {
  const { transactionalId, producerId, producerEpoch, timeoutMs, onLost } = call
  const response = await cluster.coordinators.call({
    kind: 'transaction',
    key: transactionalId,
    api: addPartitionsToTxn,
    body: {
      v3AndBelowTransactionalId: transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [...groupBy(partitions, ({ topic }) => topic)].map(([name, list]) => ({
        name,
        partitions: list.map(({ partition }) => partition),
      })),
    },
    codeOf: (sent) => worst(sent.resultsByTopicV3AndBelow.flatMap((topic) => topic.resultsByPartition)),
    timeoutMs,
    onLost,
  })
  const code = worst(response.resultsByTopicV3AndBelow.flatMap((topic) => topic.resultsByPartition))
  if (code !== 0) throw transactionError(code, 'AddPartitionsToTxn', transactionalId)
}

/**
 * Makes offsets part of the transaction; fenced by the group's generation (KIP-447).
 *
 * @param isAdded the group was added to this transaction before (V1)
 * @throws {MR_PROTOCOL_MEMBER_LOST} (TaskMigratedError) and as `addPartitions`
 */
export async function commitInTransaction(
  cluster: Cluster,
  call: TransactionCall,
  from: { readonly identity: GroupIdentity; readonly offsets: readonly OffsetToCommit[]; readonly isAdded: boolean },
): Promise<void> {
  const { identity, offsets, isAdded } = from
  const { transactionalId, producerId, producerEpoch, isV2, timeoutMs, onLost } = call
  const { groupId, memberId, generationId, groupInstanceId } = isPlanted('commit-without-generation')
    ? outsider(identity.groupId)
    : identity
  if (!isV2 && !isAdded) await addOffsets(cluster, call, groupId)
  const response = await cluster.coordinators.call({
    kind: 'group',
    key: groupId,
    api: txnOffsetCommit,
    body: {
      transactionalId,
      groupId,
      producerId,
      producerEpoch,
      memberId,
      groupInstanceId,
      generationIdOrMemberEpoch: generationId,
      topics: commitTopics(offsets),
    },
    cap: isV2 ? undefined : txnOffsetCommitV1,
    codeOf: worstCommitCode,
    timeoutMs,
    onLost,
  })
  const code = worstCommitCode(response)
  if (code === 0) return
  const error = commitError(code, 'TxnOffsetCommit', identity)
  throw error instanceof TaskMigratedError ? error : transactionError(code, 'TxnOffsetCommit', transactionalId)
}

async function addOffsets(cluster: Cluster, call: TransactionCall, groupId: string): Promise<void> {
  const { transactionalId, producerId, producerEpoch, timeoutMs, onLost } = call
  const { errorCode: code } = await cluster.coordinators.call({
    kind: 'transaction',
    key: transactionalId,
    api: addOffsetsToTxn,
    body: { transactionalId, producerId, producerEpoch, groupId },
    codeOf: (sent) => sent.errorCode,
    timeoutMs,
    onLost,
  })
  if (code !== 0) throw transactionError(code, 'AddOffsetsToTxn', transactionalId)
}

/**
 * Commits or aborts. Under V2 a lost answer is asked for again (the coordinator then answers the same); under V1 it must
 * not be, because the repetition could end the next transaction.
 *
 * @returns identity of the next transaction
 * @throws {UnknownOutcome} V1: the answer was lost
 * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) and as `addPartitions`
 */
export async function endTransaction(
  cluster: Cluster,
  call: TransactionCall,
  committed: boolean,
): Promise<ProducerIdentity> {
  const { transactionalId, producerId, producerEpoch, isV2, timeoutMs, onLost, fence } = call
  const response: EndTxnResponse = await cluster.coordinators.call({
    kind: 'transaction',
    key: transactionalId,
    api: endTxn,
    body: { transactionalId, producerId, producerEpoch, committed },
    cap: isV2 ? undefined : endTxnV1,
    codeOf: (sent) => sent.errorCode,
    timeoutMs,
    requestTimeoutMs: timeoutMs,
    resend: isV2 || isPlanted('end-again'),
    onLost,
    ...(fence === undefined ? {} : { fence }),
  })
  if (response.errorCode !== 0) throw transactionError(response.errorCode, 'EndTxn', transactionalId)
  const { producerId: nextId, producerEpoch: nextEpoch } = response
  return isV2 && nextId >= 0n ? { producerId: nextId, producerEpoch: nextEpoch } : { producerId, producerEpoch }
}

/** The error that a code of a transactional request stands for. */
export function transactionError(code: number, api: string, producer: string): StreamsError {
  const name = errorName(code)
  if (isFencedCode(code)) return new TaskMigratedError('MR_PROTOCOL_PRODUCER_FENCED', { producer, api, name })
  if (isAuthorizationCode(code) || code === errorCode.INVALID_TRANSACTION_TIMEOUT) {
    return responseError(code, { api, what: `transactional id "${producer}"` })
  }
  if (code === errorCode.UNSUPPORTED_VERSION)
    return new FatalError('MR_PROTOCOL_RESPONSE', { api, code, name, what: producer })
  const reason = `${api} was answered ${code} ${name}.`
  return new TransactionAbortedError('MR_PROTOCOL_TRANSACTION_ABORTED', { producer, reason })
}

/** The first code that says something: "not attempted" only means that another partition failed. */
function worst(results: readonly { readonly partitionErrorCode: number }[]): number {
  const codes = results.map((result) => result.partitionErrorCode).filter((code) => code !== 0)
  return codes.find((code) => code !== errorCode.OPERATION_NOT_ATTEMPTED) ?? codes[0] ?? 0
}
