/**
 * The first contact with a cluster: what is wrong with addresses or credentials shows here, before anything else is done,
 * and soon: a wrong address must not look like a slow start.
 */
import { FatalError, RetriableError } from '@millrace/core'
import { type Cluster, monotonicMs, retry } from '@millrace/protocol'

/** How the cluster is reached. */
export interface ReachOptions {
  readonly timeoutMs: number
  /** Addresses that are tried, for texts; null = there is no network between. */
  readonly brokers: string | null
  /** Ends the attempts. @throws what the caller wants to end with */
  check?(this: void): void
}

/** Without any answer, not even a refusal, this is said after so long, ms. */
const silentMs = 2_000
/** Time between warnings, ms. */
const warnEveryMs = 5_000

/**
 * Asks for the cluster's metadata until somebody answers. Warns at the first failure, or after two seconds of silence, and
 * every five seconds from then on: attempts, addresses, the last reason, and what to check.
 *
 * @throws {MR_RUNTIME_UNREACHABLE} (FatalError) nobody answered in time
 * @throws {MR_TRANSPORT_AUTHENTICATION} {MR_CONFIG_INVALID} what trying again cannot mend
 */
export async function reachCluster(cluster: Cluster, options: ReachOptions): Promise<void> {
  const { around } = cluster
  const { timeoutMs, brokers } = options
  const beganMs = monotonicMs(around.clock)
  let attempts = 0
  let reason = 'no answer and no refusal'
  let nextWarningMs = beganMs
  const warn = (): void => {
    const nowMs = monotonicMs(around.clock)
    if (nowMs < nextWarningMs) return
    nextWarningMs = nowMs + warnEveryMs
    around.logger.warn('the cluster is not reached yet', {
      ...(brokers === null ? {} : { brokers }),
      attempts,
      seconds: Math.round((nowMs - beganMs) / 1_000),
      reason,
      check: 'kafka.brokers, that the brokers run, advertised.listeners, firewalls',
    })
  }
  const silent = brokers === null ? null : around.timers.after(silentMs, warn, true)
  try {
    await retry(around, { what: 'Metadata', timeoutMs, maxMs: 1_000 }, async () => {
      attempts++
      try {
        await cluster.metadata.refresh()
      } catch (error) {
        reason = (error as Error).message
        warn()
        options.check?.()
        throw error
      }
    })
  } catch (error) {
    if (!(error instanceof RetriableError)) throw error
    const cause = error.cause instanceof Error ? error.cause : error
    throw new FatalError('MR_RUNTIME_UNREACHABLE', { timeoutMs, reason: cause.message }, { cause: error })
  } finally {
    silent?.cancel()
  }
}
