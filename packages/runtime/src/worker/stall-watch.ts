/**
 * The watchdog of a stream loop: says whose code kept the thread for so long that the session may have run out.
 *
 * Heartbeats, sockets and timers of a process share one thread with user code (Kafka Streams beats from a thread of its
 * own), and nothing can interrupt a call. The member finds itself expelled afterwards, rejoins and reads the same record
 * again, so without this line the application would go round in silence.
 */
import type { RecordMetadata } from '@millrace/core'
import type { Logger } from '@millrace/core/port'

/** What the watch is told once. */
export interface StallLimits {
  readonly worker: string
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
}

/** Where the loop stood. */
export interface StallPlace {
  readonly task: string
  /** Records of the stretch; 0 = a punctuation. */
  readonly records: number
  /** The last of them, as far as it is known. */
  readonly last: RecordMetadata | undefined
}

export class StallWatch {
  readonly #logger: Logger
  readonly #limits: StallLimits
  /** A stretch from which on the session may have run out: the last heartbeat may be an interval old. ms */
  readonly limitMs: number

  constructor(logger: Logger, limits: StallLimits) {
    this.#logger = logger
    this.#limits = limits
    this.limitMs = Math.max(1, limits.sessionTimeoutMs - limits.heartbeatIntervalMs)
  }

  /** Tells of a stretch of at least `limitMs` without a turn of the event loop. */
  warn(stoodMs: number, place: StallPlace): void {
    const { worker, sessionTimeoutMs } = this.#limits
    const { task, records, last } = place
    const name = records === 1 ? 'record' : 'lastRecord'
    const at = last === undefined ? {} : { [name]: `${last.topic}-${last.partition}@${last.offset}` }
    this.#logger.warn('user code blocked the thread, so no heartbeat was sent: the group may take the tasks away', {
      worker,
      task,
      ...(records === 0 ? { in: 'a punctuation' } : { ...at, records }),
      stoodMs: Math.round(stoodMs),
      sessionTimeoutMs,
      whatToDo:
        'raise sessionTimeout above the longest call, split the work over several records, or do it in a worker_thread or an asynchronous service beside the application',
    })
  }
}
