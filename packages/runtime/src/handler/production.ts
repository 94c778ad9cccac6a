/**
 * The error exits of hop 6: a key or value that its serde refuses, and a record that the cluster refuses.
 *
 * As in Kafka, a value of the wrong *type* (MR_SERDE_TYPE) is not asked about here: it is a mistake of the code above the
 * sink, and goes to the processing handler of the node that forwarded it.
 */
import { RecordError, StreamsError } from '@millrace/core'
import { toError } from './dead-letter.ts'
import { decide, type HandlerSurroundings } from './decision.ts'
import type { ErrorContext, ProductionFailure, RecordHandlers } from './handlers.ts'

type ProductionSurroundings = HandlerSurroundings & { readonly handlers: Pick<RecordHandlers, 'onProductionError'> }

/**
 * Asks `onProductionError` about a record that could not be encoded. Returns when it is to be left out.
 *
 * @throws {MR_RECORD_SERIALIZE} (RecordError) if the answer is `fail` or `retry`, or the type is wrong; the serde's error
 *   is the cause
 * @throws {MR_RECORD_HANDLER} if the handler itself fails
 */
export function serializationFailed(
  surroundings: ProductionSurroundings,
  thrown: unknown,
  context: ErrorContext,
  failure: ProductionFailure,
): void {
  const error = toError(thrown)
  const wrongType = error instanceof StreamsError && error.code === 'MR_SERDE_TYPE'
  const answer = wrongType ? 'fail' : askProduction(surroundings, error, context, failure)
  if (answer === 'continue' || answer === 'dead-letter') return
  const details = { topic: failure.topic, part: failure.origin, reason: error.message }
  throw new RecordError('MR_RECORD_SERIALIZE', details, { cause: error })
}

/**
 * Asks `onProductionError` about a record that the cluster refused; for the owner of the producer.
 *
 * @returns true when the record is to be left out
 * @throws {MR_RECORD_PRODUCE} (RecordError) if the answer is `fail`, or `retry` for what will never succeed
 */
export function productionFailed(
  surroundings: ProductionSurroundings,
  thrown: unknown,
  context: ErrorContext,
  failure: ProductionFailure,
): 'continue' | 'retry' {
  const error = toError(thrown)
  const answer = askProduction(surroundings, error, context, failure)
  if (answer === 'continue' || answer === 'dead-letter') return 'continue'
  if (answer === 'retry' && failure.retriable) return 'retry'
  const details = { topic: failure.topic, reason: error.message }
  throw new RecordError('MR_RECORD_PRODUCE', details, { cause: error })
}

function askProduction(
  surroundings: ProductionSurroundings,
  error: Error,
  context: ErrorContext,
  failure: ProductionFailure,
): 'fail' | 'continue' | 'dead-letter' | 'retry' {
  const handler = surroundings.handlers.onProductionError
  return decide(
    {
      option: 'onProductionError',
      error,
      context,
      handler: typeof handler === 'string' ? handler : () => handler(error, context, failure),
    },
    surroundings,
  )
}
