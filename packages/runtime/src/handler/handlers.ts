/**
 * The three record handlers: what to do with a record that cannot be decoded, processed or written.
 *
 * Options take a word or a function that answers with one. `fail` stops the task (and then the application's
 * onUncaughtError decides); `continue` drops the record, or the failing node's subtree for this record; `dead-letter`
 * writes the source record's raw bytes to the dead letter topic (KIP-1034) and continues; `retry` is for refused
 * productions that may succeed later.
 */
import type { Headers, StreamRecord } from '@millrace/core'

/** Where the failing record came from; what handlers see of it (KIP-1033). */
export interface ErrorContext {
  readonly taskId: string
  /** Name of the node that failed, or of the source. */
  readonly node: string
  /** Null in a punctuation. */
  readonly topic: string | null
  /** −1 in a punctuation. */
  readonly partition: number
  readonly offset: number
  readonly timestampMs: number
  readonly headers: Headers
  /** The source record's bytes; null in a punctuation, and for what a cache flush forwards after the record is gone. */
  readonly sourceKey: Uint8Array | null
  readonly sourceValue: Uint8Array | null
}

export type DeserializationAnswer = 'fail' | 'continue' | 'dead-letter'
export type ProcessingAnswer = 'fail' | 'continue' | 'dead-letter'
export type ProductionAnswer = 'fail' | 'continue' | 'dead-letter' | 'retry'

/** A record that could not be written. `origin` tells where it failed: a serde, or the cluster's refusal. */
export interface ProductionFailure {
  readonly topic: string
  readonly origin: 'key' | 'value' | 'send'
  /** Encoded parts, null where encoding failed or the part is null. */
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** True when the same send may succeed later; only then `retry` is accepted. */
  readonly retriable: boolean
}

export type DeserializationHandler = (error: Error, context: ErrorContext) => DeserializationAnswer
export type ProcessingHandler = (
  error: Error,
  context: ErrorContext,
  record: StreamRecord<unknown, unknown> | null,
) => ProcessingAnswer
export type ProductionHandler = (error: Error, context: ErrorContext, failure: ProductionFailure) => ProductionAnswer

/** The handlers of one application; a word is the built-in handler of that name, which also logs. */
export interface RecordHandlers {
  readonly onDeserializationError: DeserializationAnswer | DeserializationHandler
  readonly onProcessingError: ProcessingAnswer | ProcessingHandler
  readonly onProductionError: ProductionAnswer | ProductionHandler
}

/** Kafka's defaults: everything fails, except retriable productions, which the producer tries again by itself. */
export const defaultHandlers: RecordHandlers = {
  onDeserializationError: 'fail',
  onProcessingError: 'fail',
  onProductionError: 'fail',
}
