/**
 * What the broker takes from the world: time, timers, chance, and "later". A simulation supplies its own.
 */
import type { Cancellable, Clock, Logger, Random, Timers } from '@millrace/core/port'

export interface Surroundings {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly logger: Logger
  /** Runs `run` soon, never before the caller has returned; in the order of the calls. */
  readonly defer: (run: () => void) => void
}

export type { Cancellable, Clock, Logger, Random, Timers }
