/**
 * The one retry policy of the client side: exponential backoff with jitter, limited by a deadline.
 *
 * Only `RetriableError` is tried again; every other error says that trying again cannot help. Kafka's own clients do
 * the same (KIP-580); the limit is time, not a number of attempts, because a leader election takes as long as it takes.
 */
import { RetriableError } from '@millrace/core'
import type { Random } from '@millrace/core/port'
import { monotonicMs, type Surroundings } from './surroundings.ts'

/** How long to wait between attempts, ms. */
export interface BackoffOptions {
  /** Wait after the first failure; default 20, since a new leader or coordinator is often there in 40–80 ms. */
  readonly initialMs?: number
  /** Longest wait; default 1000. */
  readonly maxMs?: number
}

/** What is tried, for how long. */
export interface RetryOptions extends BackoffOptions {
  /** For the text of MR_PROTOCOL_DEADLINE, e.g. `Metadata`. */
  readonly what: string
  /** From now to giving up; Infinity is allowed. */
  readonly timeoutMs: number
  /** Ends the waiting; the last failure is then thrown. */
  readonly signal?: AbortSignal
}

/** Wait before attempt `attempt + 1`: `initial · 2^attempt`, at most `max`, ± 20 % so that clients do not move in step. */
export function backoffMs(attempt: number, random: Random, options: BackoffOptions = {}): number {
  const plain = Math.min(options.maxMs ?? 1000, (options.initialMs ?? 20) * 2 ** Math.min(attempt, 16))
  return plain * (0.8 + 0.4 * random.next())
}

/**
 * Calls `attempt` until it succeeds.
 *
 * `attempt` is given the time left in ms, to limit its own requests.
 *
 * @throws {MR_PROTOCOL_DEADLINE} (RetriableError) it still fails at the deadline; the last failure is the cause
 * @throws what `attempt` throws when that is no RetriableError, or when the signal is aborted
 */
export async function retry<T>(
  around: Surroundings,
  options: RetryOptions,
  attempt: (leftMs: number) => Promise<T>,
): Promise<T> {
  const deadline = monotonicMs(around.clock) + options.timeoutMs
  for (let attempts = 0; ; attempts++) {
    try {
      return await attempt(Math.max(1, deadline - monotonicMs(around.clock)))
    } catch (error) {
      if (!(error instanceof RetriableError) || isAborted(options.signal)) throw error
      const waitMs = backoffMs(attempts, around.random, options)
      if (monotonicMs(around.clock) + waitMs >= deadline) throw deadlineError(options, error)
      around.logger.debug('request is tried again', { what: options.what, attempts, reason: error.message })
      await around.timers.sleep(waitMs, options.signal)
      if (isAborted(options.signal)) throw error
    }
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true
}

function deadlineError(options: RetryOptions, last: Error): RetriableError {
  const details = { what: options.what, timeoutMs: options.timeoutMs, reason: last.message }
  return new RetriableError('MR_PROTOCOL_DEADLINE', details, { cause: last })
}
