/**
 * What EndTxn means in each state: end the transaction, or answer at once. A table on its own, because the two protocol
 * generations differ here most.
 *
 * Source: Kafka's TransactionCoordinator.endTransaction (V1, and with epoch bump since 4.0); the answers are those seen on
 * real brokers.
 */
import { errorCode } from '@millrace/protocol/internal'
import type { Transaction } from './transaction.ts'

/** An EndTxn as it arrives. */
export interface EndRequest {
  readonly producerId: number
  readonly producerEpoch: number
  readonly commit: boolean
  /** EndTxn v5 on a broker with transactions V2. */
  readonly bumpsEpoch: boolean
}

/** `end`: carry it out. `answer`: nothing to do, answer with this code. */
export type EndDecision = { readonly kind: 'end' } | { readonly kind: 'answer'; readonly error: number }

const end: EndDecision = { kind: 'end' }
const lastEpoch = 32767 - 1

export function decideEnd(transaction: Transaction, request: EndRequest): EndDecision {
  return request.bumpsEpoch ? decideV2(transaction, request) : decideV1(transaction, request)
}

function decideV1(transaction: Transaction, { producerId, producerEpoch, commit }: EndRequest): EndDecision {
  if (transaction.producerId !== producerId) return answer(errorCode.INVALID_PRODUCER_ID_MAPPING)
  if (transaction.producerEpoch !== producerEpoch) return answer(errorCode.PRODUCER_FENCED)
  switch (transaction.state) {
    case 'Ongoing':
      return end
    case 'CompleteCommit':
      return answer(commit ? errorCode.NONE : errorCode.INVALID_TXN_STATE)
    case 'CompleteAbort':
      return answer(commit ? errorCode.INVALID_TXN_STATE : errorCode.NONE)
    case 'PrepareCommit':
    case 'PrepareAbort':
      return answer(errorCode.CONCURRENT_TRANSACTIONS)
    case 'Empty':
      return answer(errorCode.INVALID_TXN_STATE)
  }
}

function decideV2(transaction: Transaction, request: EndRequest): EndDecision {
  const { producerId, producerEpoch, commit } = request
  const { state } = transaction
  const repeatsRotation =
    transaction.previousProducerId === producerId && producerEpoch === lastEpoch && transaction.producerEpoch === 0
  const repeatsBump = transaction.producerId === producerId && transaction.producerEpoch === producerEpoch + 1
  if (transaction.isEnding) return answer(errorCode.CONCURRENT_TRANSACTIONS)
  if (transaction.producerId !== producerId && !repeatsRotation) return answer(errorCode.INVALID_PRODUCER_ID_MAPPING)
  const isRepeat = repeatsRotation || repeatsBump
  const isCurrent = transaction.producerId === producerId && transaction.producerEpoch === producerEpoch
  const isComplete = state === 'CompleteCommit' || state === 'CompleteAbort'
  if (!isCurrent && !(isComplete && isRepeat)) return answer(errorCode.PRODUCER_FENCED)
  if (state === 'Ongoing') return end
  if (isRepeat) {
    const same = commit === (state === 'CompleteCommit')
    return answer(same ? errorCode.NONE : errorCode.INVALID_TXN_STATE)
  }
  // Nothing was written since: an abort still takes a new epoch, a commit has nothing to commit.
  return commit ? answer(errorCode.INVALID_TXN_STATE) : end
}

function answer(error: number): EndDecision {
  return { kind: 'answer', error }
}
