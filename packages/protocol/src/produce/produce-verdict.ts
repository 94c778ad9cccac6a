/**
 * What the answer to a produced batch means: Kafka's error codes as seen by an idempotent producer.
 *
 * The point of idempotence is in two of them. "Out of order" behind a batch that failed is no error: the batch is sent
 * again after that one. At the head of the partition it means that the broker lost what it had acknowledged (or its
 * producer state): outside a transaction the sequence begins anew under the next epoch (KIP-360).
 */
import { FatalError, RecordError, type StreamsError } from '@millrace/core'
import { isAuthorizationCode, responseError } from '../cluster/response-error.ts'
import { errorCode, errorName, isRetriableCode } from '../codec/error-code.ts'
import type { ProducerBatch } from './producer-batch.ts'

/**
 * `retry` after a metadata refresh; `wait` 20 ms, the last transaction's markers are being written; `restart` the
 * partition's sequence under the next epoch and send again; `refuse` for good; `abort` the transaction; `fenced`.
 */
export type Verdict = 'acked' | 'retry' | 'wait' | 'split' | 'restart' | 'refuse' | 'abort' | 'fenced'

/** What the verdict depends on beside the code. */
export interface VerdictContext {
  /** No earlier batch of the partition is unacknowledged. */
  readonly isHead: boolean
  readonly isTransactional: boolean
  readonly recordCount: number
}

/** Judges the code of one partition in a Produce response. */
export function judge(code: number, context: VerdictContext): Verdict {
  const { isHead, isTransactional, recordCount } = context
  switch (code) {
    case 0:
    case errorCode.DUPLICATE_SEQUENCE_NUMBER:
      return 'acked'
    case errorCode.MESSAGE_TOO_LARGE:
    case errorCode.RECORD_LIST_TOO_LARGE:
      return recordCount > 1 ? 'split' : 'refuse'
    case errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER:
    case errorCode.UNKNOWN_PRODUCER_ID:
      if (!isHead) return 'retry'
      return isTransactional ? 'abort' : 'restart'
    case errorCode.INVALID_PRODUCER_EPOCH:
    case errorCode.PRODUCER_FENCED:
      return isTransactional ? 'fenced' : 'restart'
    case errorCode.CONCURRENT_TRANSACTIONS:
      return 'wait'
    case errorCode.INVALID_TXN_STATE:
    case errorCode.INVALID_PRODUCER_ID_MAPPING:
    case errorCode.TRANSACTION_ABORTABLE:
      return 'abort'
    default:
      return isRetriableCode(code) ? 'retry' : 'refuse'
  }
}

const recordCodes: ReadonlySet<number> = new Set([errorCode.INVALID_RECORD, errorCode.INVALID_TIMESTAMP])

/**
 * The error of a refused batch.
 *
 * RecordError where the records are to blame, so that the production handler may drop them; FatalError for the rest.
 */
export function refusal(code: number, batch: ProducerBatch, reason: string): StreamsError {
  const { topic, partition, recordCount: records } = batch
  if (isAuthorizationCode(code)) return responseError(code, { api: 'Produce', what: `topic "${topic}"`, topic })
  if (code === errorCode.MESSAGE_TOO_LARGE || code === errorCode.RECORD_LIST_TOO_LARGE) {
    return tooLarge({ topic, partition, bytes: batch.bytes.length, bytesMax: 0 })
  }
  const details = { topic, partition, records, code, name: errorName(code), reason }
  return recordCodes.has(code)
    ? new RecordError('MR_PROTOCOL_PRODUCE', details)
    : new FatalError('MR_PROTOCOL_PRODUCE', details)
}

/** A record that is larger than allowed; `bytesMax` 0 when only the broker knows the limit. */
export function tooLarge(details: {
  readonly topic: string
  readonly partition: number
  readonly bytes: number
  readonly bytesMax: number
}): RecordError {
  return new RecordError('MR_PROTOCOL_RECORD_SIZE', details)
}
