/**
 * May a task choose its next record although some of its inputs are empty? (`max.task.idle.ms`)
 *
 * Choosing by event time is only right among inputs whose next record is known. −1: choose among what is there. 0: wait
 * while the broker has records for an empty input, or it is not known whether it has. Above 0: then wait that much
 * longer, in case a producer is late.
 */
import { formatTopicPartition, type TopicPartition } from '@millrace/core'

/** What is known of the fetching of one partition. */
export interface FetchStatus {
  /** Next offset to hand over, −1 = not known yet. */
  readonly position: number
  /** End of what can be read, as of the last answer; −1 = no answer yet. */
  readonly end: number
  /** True when something was fetched and not handed over yet. */
  readonly hasData: boolean
}

/** What readiness needs of a task. */
export interface IdleTask {
  readonly allBuffered: boolean
  buffered(topic: string, partition: number): number
}

export class TaskReadiness {
  readonly #inputs: readonly TopicPartition[]
  readonly #idleMs: number
  /** When each empty input was first seen to have nothing more, by name. */
  readonly #emptySinceMs = new Map<string, number>()
  /** Times a task went on although an input was empty. */
  enforced = 0

  constructor(inputs: readonly TopicPartition[], maxTaskIdleMs: number) {
    this.#inputs = inputs
    this.#idleMs = maxTaskIdleMs
  }

  /** True when the task may process. */
  isReady(
    task: IdleTask,
    status: (topic: string, partition: number) => FetchStatus | undefined,
    nowMs: number,
  ): boolean {
    if (task.allBuffered) {
      if (this.#emptySinceMs.size > 0) this.#emptySinceMs.clear()
      return true
    }
    let buffered = 0
    let waiting = false
    for (const { topic, partition } of this.#inputs) {
      const name = formatTopicPartition(topic, partition)
      if (task.buffered(topic, partition) > 0) {
        buffered++
        this.#emptySinceMs.delete(name)
      } else if (this.#idleMs >= 0 && this.#mustWait(name, status(topic, partition), nowMs)) {
        waiting = true
      }
    }
    if (buffered === 0 || waiting) return false
    this.enforced++
    return true
  }

  #mustWait(name: string, status: FetchStatus | undefined, nowMs: number): boolean {
    const mayCome = status === undefined || status.end < 0 || status.position < 0
    if (mayCome || status.hasData || status.position < status.end) {
      this.#emptySinceMs.delete(name)
      return true
    }
    if (this.#idleMs === 0) return false
    const sinceMs = this.#emptySinceMs.get(name)
    if (sinceMs === undefined) this.#emptySinceMs.set(name, nowMs)
    return nowMs - (sinceMs ?? nowMs) < this.#idleMs
  }
}
