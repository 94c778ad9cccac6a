/** What the client side takes from the world beside the transport: clock, timers, randomness, log. */
import type { Clock, Logger, Random, Timers } from '@millrace/core/port'

/** Handed to every part above the transport, so that a test or a simulation supplies its own. */
export interface Surroundings {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
}

/** Ms for measuring spans: monotonic where the clock offers it, so that a jump of the wall clock ends no lease. */
export function monotonicMs(clock: Clock): number {
  return clock.monotonicMs?.() ?? clock.nowMs()
}
