/**
 * What a broker does by itself every now and then: retention, compaction, and forgetting idle producers, transactional
 * ids and the offsets of groups that are gone.
 *
 * One partition per step, so that requests are served in between.
 */
import { compact, isDue, planCompaction } from './log/compaction.ts'
import { applyRetention } from './log/retention.ts'
import type { BrokerState } from './broker-state.ts'
import type { Cancellable } from './surroundings.ts'
import type { Partition } from './topic/topic.ts'

const msPerMinute = 60_000

export class Maintenance {
  readonly #state: BrokerState
  readonly #timers: Set<Cancellable> = new Set()
  #closed: boolean = false

  constructor(state: BrokerState) {
    this.#state = state
  }

  start(): void {
    const { config } = this.#state
    this.#every(
      () => config.number('log.retention.check.interval.ms'),
      () => this.#retain(),
    )
    this.#every(
      () => Math.max(1, config.number('log.cleaner.backoff.ms')),
      () => this.#clean(),
    )
  }

  close(): void {
    this.#closed = true
    for (const timer of this.#timers) timer.cancel()
  }

  /** Compacts a partition if it is due; true when it was. */
  cleanPartition(partition: Partition): boolean {
    const { settings } = partition.topic.config
    if (!settings.compact) return false
    const { log } = partition
    const nowMs = this.#state.surroundings.clock.nowMs()
    const plan = planCompaction(log, settings, nowMs)
    if (plan === undefined || !isDue(plan, settings, nowMs)) return false
    compact(log, plan, { settings, nowMs })
    return true
  }

  /** Applies retention to a partition. */
  retainPartition(partition: Partition): void {
    const { log, topic } = partition
    const nowMs = this.#state.surroundings.clock.nowMs()
    if (applyRetention(log, topic.config.settings, nowMs)) this.#state.topics.recordStart(partition)
    log.producers.expire(nowMs - this.#state.config.number('producer.id.expiration.ms'))
  }

  #retain(): void {
    this.#state.transactions.expireIds()
    this.#expireOffsets()
    this.#eachPartition((partition) => this.retainPartition(partition))
  }

  #clean(): void {
    if (!this.#state.config.flag('log.cleaner.enable')) return
    this.#eachPartition((partition) => this.cleanPartition(partition))
  }

  /** Offsets of a group go when it has been empty, and nothing was committed, for long enough. */
  #expireOffsets(): void {
    const { offsets, groups, surroundings, config } = this.#state
    const oldestMs = surroundings.clock.nowMs() - config.number('offsets.retention.minutes') * msPerMinute
    for (const groupId of offsets.groups()) {
      const group = groups.get(groupId)
      if (group === undefined || group.state !== 'Empty' || offsets.allPending(groupId).length > 0) continue
      const expired = offsets
        .all(groupId)
        .filter(
          (entry) => Math.max(entry.commitTimeMs, group.protocolType === null ? 0 : group.emptySinceMs) < oldestMs,
        )
      if (expired.length === 0) continue
      offsets.delete(
        groupId,
        expired.map((entry) => [entry.topic, entry.partition] as const),
      )
      if (!offsets.has(groupId)) groups.forget(groupId)
    }
  }

  #eachPartition(work: (partition: Partition) => void): void {
    const partitions = this.#state.topics.all().flatMap((topic) => topic.partitions)
    const next = (): void => {
      const partition = partitions.shift()
      if (partition === undefined || this.#closed) return
      const { topic, index, log } = partition
      try {
        if (this.#state.topics.partition(topic.name, index) === partition) work(partition)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        this.#state.surroundings.logger.error(`upkeep of ${log.name} failed`, { reason })
      }
      if (partitions.length > 0) this.#state.surroundings.defer(next)
    }
    next()
  }

  #every(intervalMs: () => number, work: () => void): void {
    const timer = this.#state.surroundings.timers.after(
      intervalMs(),
      () => {
        this.#timers.delete(timer)
        if (this.#closed) return
        work()
        this.#every(intervalMs, work)
      },
      true,
    )
    this.#timers.add(timer)
  }
}
