/** The error exit of hops 4 and 7: user code that throws. */
import {
  RecordError,
  RetriableError,
  type StreamRecord,
  StreamsError,
  TaskCorruptedError,
  TaskMigratedError,
  TransactionAbortedError,
} from '@millrace/core'
import { toError } from './dead-letter.ts'
import { decide, type HandlerSurroundings } from './decision.ts'
import type { ErrorContext, RecordHandlers } from './handlers.ts'

/**
 * Asks `onProcessingError` about what a node or a punctuation threw. Returns when the failing node's subtree is to be
 * left out for this record.
 *
 * @param record null in a punctuation
 * @throws {MR_RECORD_PROCESS} (RecordError) if the answer is `fail`; what the user's code threw is the cause
 * @throws {MR_RECORD_HANDLER} if the handler itself fails
 */
export function processingFailed(
  surroundings: HandlerSurroundings & { readonly handlers: Pick<RecordHandlers, 'onProcessingError'> },
  thrown: unknown,
  context: ErrorContext,
  record: StreamRecord<unknown, unknown> | null,
): void {
  const error = toError(thrown)
  const handler = surroundings.handlers.onProcessingError
  const answer = decide(
    {
      option: 'onProcessingError',
      error,
      context,
      handler: typeof handler === 'string' ? handler : () => handler(error, context, record),
    },
    surroundings,
  )
  if (answer === 'fail') throw processingError(error, context)
}

/** The error that stops the task: what was thrown, wrapped once with node and position. */
export function processingError(error: Error, context: ErrorContext): RecordError<'MR_RECORD_PROCESS'> {
  const { node, taskId, topic, partition, offset } = context
  const details = { node, task: taskId, topic, partition, offset, reason: error.message }
  return new RecordError('MR_RECORD_PROCESS', details, { cause: error })
}

/**
 * True for errors about which a handler has been asked already, or that are not about a record at all (the producer
 * failed, the task is somebody else's): nodes above let them pass, and the worker knows what to do.
 */
export function isDecided(thrown: unknown): boolean {
  if (!(thrown instanceof StreamsError)) return false
  switch (thrown.code) {
    case 'MR_RECORD_PROCESS':
    case 'MR_RECORD_HANDLER':
      return true
    default:
      return reactions.some((reaction) => thrown instanceof reaction)
  }
}

const reactions = [TaskMigratedError, TaskCorruptedError, TransactionAbortedError, RetriableError] as const
