/** Wall-clock time, ms since the epoch. Read per piece of records, never per record while records are cheap. */
export interface Clock {
  nowMs(): number
  /** Ms that only grow, from any origin; leases and deadlines use it where it exists, so that a jump of the clock harms none. */
  monotonicMs?(): number
}

/** What can be cancelled; cancelling twice is harmless. */
export interface Cancellable {
  cancel(): void
}

/** Timers of the surroundings; a simulation or a test supplies its own. */
export interface Timers {
  /** Calls `run` once after `delayMs`. The timer must not keep the process alive by itself when `background` is true. */
  after(delayMs: number, run: () => void, background?: boolean): Cancellable
  /** Resolves after `delayMs`, or at once when the signal aborts; never rejects. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

/** Source of randomness; seeded in tests and simulation. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** `length` random bytes. */
  bytes(length: number): Uint8Array
}
