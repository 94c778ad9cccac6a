/** The error exit of hop 2: bytes that a serde refuses, nulls that a topic does not declare. */
import { FatalError, RecordError } from '@millrace/core'
import { toError } from './dead-letter.ts'
import { decide, type HandlerSurroundings } from './decision.ts'
import type { ErrorContext, RecordHandlers } from './handlers.ts'

/**
 * Asks `onDeserializationError` about a record that cannot be read. Returns when the record is to be left out.
 *
 * @throws {MR_RECORD_DESERIALIZE} (RecordError) if the answer is `fail`; the serde's error is the cause. A null that the
 *   topic does not declare keeps its own code
 * @throws {MR_RECORD_HANDLER} if the handler itself fails
 */
export function deserializationFailed(
  surroundings: HandlerSurroundings & { readonly handlers: Pick<RecordHandlers, 'onDeserializationError'> },
  thrown: unknown,
  context: ErrorContext,
): void {
  const error = toError(thrown)
  const handler = surroundings.handlers.onDeserializationError
  const answer = decide(
    {
      option: 'onDeserializationError',
      error,
      context,
      handler: typeof handler === 'string' ? handler : () => handler(error, context),
    },
    surroundings,
  )
  if (answer !== 'fail') return
  if (error instanceof RecordError && isUndeclaredNull(error.code)) throw error
  const { topic, partition, offset } = context
  const details = { topic: topic ?? '', partition, offset, part: 'key or value', reason: error.message }
  throw new RecordError('MR_RECORD_DESERIALIZE', details, { cause: error })
}

/** @throws {MR_RECORD_EXTRACTOR} always; errors of Millrace's own extractors stay as they are */
export function extractorFailed(thrown: unknown, context: ErrorContext): never {
  const error = toError(thrown)
  if (error instanceof FatalError) throw error
  const { topic, partition, offset } = context
  throw new FatalError(
    'MR_RECORD_EXTRACTOR',
    { topic: topic ?? '', partition, offset, reason: error.message },
    { cause: error },
  )
}

function isUndeclaredNull(code: string): boolean {
  return code === 'MR_RECORD_NULL_KEY' || code === 'MR_RECORD_NULL_VALUE'
}
