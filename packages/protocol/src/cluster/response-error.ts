/**
 * Kafka's error codes become errors here, once: the class says what the caller does next (core/errors.ts).
 *
 * What only one API can know (a fenced member, a refused batch) is decided beside that API, before it falls back to
 * these rules.
 */
import { ConfigError, FatalError, RetriableError, type StreamsError } from '@millrace/core'
import { errorCode, errorName, isRetriableCode } from '../codec/error-code.ts'

/** Where a code came from. */
export interface ResponseContext {
  /** Name of the API, e.g. `CreateTopics`. */
  readonly api: string
  /** What it was about, e.g. `topic "orders"`. */
  readonly what: string
  /** The topic, when the code is about one: gives MR_PROTOCOL_TOPIC_MISSING its name. */
  readonly topic?: string
  /** The broker's own text, if it sent one. */
  readonly message?: string | null | undefined
}

const authorization: ReadonlySet<number> = new Set([
  errorCode.TOPIC_AUTHORIZATION_FAILED,
  errorCode.GROUP_AUTHORIZATION_FAILED,
  errorCode.CLUSTER_AUTHORIZATION_FAILED,
  errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  errorCode.DELEGATION_TOKEN_AUTHORIZATION_FAILED,
])
const configuration: ReadonlySet<number> = new Set([
  errorCode.INVALID_TOPIC_EXCEPTION,
  errorCode.INVALID_PARTITIONS,
  errorCode.INVALID_REPLICATION_FACTOR,
  errorCode.INVALID_REPLICA_ASSIGNMENT,
  errorCode.INVALID_CONFIG,
  errorCode.POLICY_VIOLATION,
  errorCode.INVALID_SESSION_TIMEOUT,
  errorCode.INVALID_TRANSACTION_TIMEOUT,
])

/** True when the user lacks a right. */
export function isAuthorizationCode(code: number): boolean {
  return authorization.has(code)
}

/** True when the coordinator is another broker now, or not ready yet: look it up again. */
export function isCoordinatorCode(code: number): boolean {
  return (
    code === errorCode.COORDINATOR_LOAD_IN_PROGRESS ||
    code === errorCode.COORDINATOR_NOT_AVAILABLE ||
    code === errorCode.NOT_COORDINATOR
  )
}

/** True when another producer has the transactional id, or the coordinator ended the transaction. */
export function isFencedCode(code: number): boolean {
  return code === errorCode.INVALID_PRODUCER_EPOCH || code === errorCode.PRODUCER_FENCED
}

/**
 * The error for a code ≠ 0.
 *
 * RetriableError for what passes (Kafka's retriable codes); ConfigError for what whoever deploys must correct;
 * FatalError for the rest: missing rights, unknown topics that stay unknown, defects.
 */
export function responseError(code: number, context: ResponseContext): StreamsError {
  const name = errorName(code)
  const { api, topic } = context
  const what = context.message ? `${context.what} (${context.message})` : context.what
  if (authorization.has(code)) return new FatalError('MR_PROTOCOL_AUTHORIZATION', { api, what, name })
  const details = { api, code, name, what }
  const cause = code === errorCode.UNKNOWN_TOPIC_OR_PARTITION && topic !== undefined ? topicMissing(topic) : undefined
  const options = cause === undefined ? undefined : { cause }
  if (isRetriableCode(code)) return new RetriableError('MR_PROTOCOL_RESPONSE', details, options)
  if (configuration.has(code)) return new ConfigError('MR_PROTOCOL_RESPONSE', details)
  return new FatalError('MR_PROTOCOL_RESPONSE', details)
}

/** Throws `responseError` when the code is not 0. */
export function assertNoError(code: number, context: ResponseContext): void {
  if (code !== 0) throw responseError(code, context)
}

/** The topic is not there. */
export function topicMissing(topic: string): FatalError {
  return new FatalError('MR_PROTOCOL_TOPIC_MISSING', { topic })
}
