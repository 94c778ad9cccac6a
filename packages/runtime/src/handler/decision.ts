/**
 * Asks a handler and carries the answer out as far as it is the same for all three: a dead letter record is written, a
 * word of the options is logged. The caller drops the record and counts it, or fails.
 */
import { FatalError } from '@millrace/core'
import type { Logger } from '@millrace/core/port'
import { type DeadLetterSink, sendDeadLetter, toError } from './dead-letter.ts'
import type { ErrorContext } from './handlers.ts'

/** Where handlers write to. */
export interface HandlerSurroundings {
  readonly collector: DeadLetterSink
  readonly logger: Logger
  /** `errors.dead.letter.queue.topic.name`; null = none. */
  readonly deadLetterTopic: string | null
}

export type Answer = 'fail' | 'continue' | 'dead-letter' | 'retry'

/** One failure, before anybody was asked. */
export interface Failure<A extends Answer> {
  /** Name of the option, for logs. */
  readonly option: 'onDeserializationError' | 'onProcessingError' | 'onProductionError'
  readonly error: Error
  readonly context: ErrorContext
  /** A word is the built-in handler of that name; a function has been bound to its other arguments. */
  readonly handler: A | (() => A)
}

/**
 * The answer to a failure.
 *
 * A built-in handler also writes a dead letter record whenever a dead letter topic is set, even when it fails (Kafka's
 * LogAndFail and LogAndContinue); a function decides by itself with `dead-letter`.
 *
 * @throws {MR_RECORD_HANDLER} (FatalError) if the handler throws, answers something else, or wants a dead letter without a topic
 */
export function decide<A extends Answer>(failure: Failure<A>, surroundings: HandlerSurroundings): A {
  const { handler, error, context } = failure
  const builtIn = typeof handler === 'string'
  const answer = builtIn ? handler : ask(failure, handler)
  if (builtIn) log(failure, handler, surroundings.logger)
  const topic = surroundings.deadLetterTopic
  if (topic !== null) {
    if (builtIn || answer === 'dead-letter') sendDeadLetter(surroundings.collector, topic, error, context)
  } else if (answer === 'dead-letter') {
    const reason = 'it answers "dead-letter", but errorsDeadLetterQueueTopicName is not set'
    throw new FatalError('MR_RECORD_HANDLER', { option: failure.option, reason }, { cause: error })
  }
  return answer
}

function ask<A extends Answer>(failure: Failure<A>, handler: () => A): A {
  let answer: A
  try {
    answer = handler()
  } catch (thrown) {
    const cause = toError(thrown)
    throw new FatalError('MR_RECORD_HANDLER', { option: failure.option, reason: cause.message }, { cause })
  }
  if (answer === 'fail' || answer === 'continue' || answer === 'dead-letter') return answer
  if (answer === 'retry' && failure.option === 'onProductionError') return answer
  throw new FatalError(
    'MR_RECORD_HANDLER',
    { option: failure.option, reason: `it returned ${String(answer)}` },
    { cause: failure.error },
  )
}

function log(failure: Failure<Answer>, answer: Answer, logger: Logger): void {
  const { context, error, option } = failure
  const fields = {
    task: context.taskId,
    node: context.node,
    topic: context.topic,
    partition: context.partition,
    offset: context.offset,
    error,
  }
  if (answer === 'fail') logger.error(`A record failed and ${option} is "fail"`, fields)
  else logger.warn(`A record failed and is left out`, fields)
}
