/**
 * One task that is being filled from its changelogs: what was fetched and not applied yet, how far each changelog is, and
 * where it ends. It ends for a restoring active task; a standby goes on until it is taken away.
 *
 * Records are applied in batches, and each batch goes into the engine with the positions it reaches, so that a crash in
 * the middle is a prefix too. Positions move by batch headers: a tail of transaction markers counts as read.
 */
import { formatTopicPartition, type Headers, TaskCorruptedError, type TopicPartition } from '@millrace/core'
import { isPlanted } from '@millrace/protocol/internal'
import type { ChangelogRecord } from '@millrace/core/internal'
import type { EngineOperation, StoreEngine } from '@millrace/core/port'
import { positionOperation, restoredThrough } from './positions.ts'

/** What restoring needs of a task's changelog. */
export interface RestoreChangelog extends TopicPartition {
  /** True: the changelog is an input topic, restored up to the committed offset only. */
  readonly isSource: boolean
  readonly definition: { readonly name: string; readonly type: 'disk' | 'memory' }
  readonly store: { restore(records: readonly ChangelogRecord[]): void }
}

/** What restoring needs of a task. */
export interface RestoreTask {
  readonly name: string
  changelogs(): readonly RestoreChangelog[]
  stage(): EngineOperation[]
  committed(): void
}

/** Raw records of a changelog, as the fetcher hands them over. */
export interface RestoreBatch {
  readonly first: number
  readonly records: {
    readonly count: number
    offsetAt(index: number): number
    timestampAt(index: number): number
    keyAt(index: number): Uint8Array | null
    valueAt(index: number): Uint8Array | null
    headersAt(index: number): Headers
  }
}

/** Where one changelog begins and ends for this task. */
export interface RestoreBounds {
  readonly from: number
  /** Infinity for a standby, but for an input topic: what is committed of it. */
  readonly end: number
}

/** Records applied in one engine batch; enough that its cost per record does not matter. */
const recordsPerBatch = 10_000

class ChangelogProgress {
  readonly changelog: RestoreChangelog
  end: number
  /** Everything before this offset is in `pending` or applied. */
  fetched: number
  pending: ChangelogRecord[] = []

  constructor(changelog: RestoreChangelog, bounds: RestoreBounds) {
    this.changelog = changelog
    this.fetched = bounds.from
    this.end = bounds.end
  }

  get isDone(): boolean {
    return this.fetched >= this.end
  }
}

export class RestoreJob {
  readonly task: RestoreTask
  readonly isStandby: boolean
  /** Records applied so far. */
  recordsRestored = 0
  readonly #engine: StoreEngine
  readonly #progress = new Map<string, ChangelogProgress>()
  #pendingCount = 0

  constructor(task: RestoreTask, engine: StoreEngine, isStandby: boolean) {
    this.task = task
    this.#engine = engine
    this.isStandby = isStandby
  }

  /** Sets where a changelog begins and ends. */
  begin(changelog: RestoreChangelog, bounds: RestoreBounds): void {
    const name = formatTopicPartition(changelog.topic, changelog.partition)
    this.#progress.set(name, new ChangelogProgress(changelog, bounds))
  }

  /** Changelogs that are not read to their end, with the offset to go on from. */
  open(): { topic: string; partition: number; offset: number }[] {
    return [...this.#progress.values()]
      .filter((progress) => !progress.isDone)
      .map(({ changelog, fetched }) => ({ topic: changelog.topic, partition: changelog.partition, offset: fetched }))
  }

  /** Input topics among the changelogs. */
  inputs(): TopicPartition[] {
    return [...this.#progress.values()].flatMap(({ changelog }) => (changelog.isSource ? [changelog] : []))
  }

  /** True when a changelog is read to its end as it is known now. */
  isDone(at: TopicPartition): boolean {
    return this.#progress.get(formatTopicPartition(at.topic, at.partition))?.isDone ?? true
  }

  /** More of an input topic is committed. @returns where to go on, null when it was not at its end before */
  raise(at: TopicPartition, end: number): number | null {
    const progress = this.#progress.get(formatTopicPartition(at.topic, at.partition))
    if (progress === undefined || end <= progress.end) return null
    const wasDone = progress.isDone
    progress.end = end
    return wasDone ? progress.fetched : null
  }

  /** Records between what was fetched and the ends, where they are known. */
  get recordsLeft(): number {
    let left = 0
    for (const { end, fetched } of this.#progress.values()) if (Number.isFinite(end)) left += Math.max(0, end - fetched)
    return left
  }

  /** How far each changelog is. */
  positions(): { topic: string; partition: number; offset: number }[] {
    return Array.from(this.#progress.values(), ({ changelog: { topic, partition }, fetched }) => {
      return { topic, partition, offset: fetched }
    })
  }

  /** Takes what was fetched of one changelog; records from its end on are left out. */
  take(at: TopicPartition, batches: readonly RestoreBatch[], nextOffset: number): void {
    const progress = this.#progress.get(formatTopicPartition(at.topic, at.partition))
    if (progress === undefined) return
    const before = progress.fetched
    for (const { records, first } of batches) {
      for (let i = first; i < records.count && records.offsetAt(i) < progress.end; i++) {
        const key = records.keyAt(i)
        // A changelog has no null keys; one in a source topic cannot be in the table either.
        if (key === null) continue
        progress.pending.push({
          key,
          value: records.valueAt(i),
          timestampMs: records.timestampAt(i),
          headers: records.headersAt(i),
        })
        this.#pendingCount++
      }
    }
    progress.fetched = Math.min(nextOffset, progress.end)
    if (!isPlanted('restore-by-record')) return
    const last = batches.findLast(({ records }) => records.count > 0)?.records
    progress.fetched = last === undefined ? before : last.offsetAt(last.count - 1) + 1
  }

  /** True when something was taken and not applied yet. */
  get hasPending(): boolean {
    return this.#pendingCount > 0
  }

  /** True when there is enough for one engine batch, or nothing more will come. */
  get isDue(): boolean {
    return this.#pendingCount >= recordsPerBatch || (this.#pendingCount > 0 && this.open().length === 0)
  }

  /** The planted mistake "end-as-position": what was not read counts as read. */
  skipToEnd(): void {
    for (const progress of this.#progress.values()) {
      if (Number.isFinite(progress.end)) progress.fetched = progress.end
    }
  }

  /** Applies what was taken and writes it with its positions. */
  async apply(options: { readonly sync?: boolean } = {}): Promise<void> {
    const positions: EngineOperation[] = []
    for (const { changelog, fetched, pending } of this.#progress.values()) {
      if (pending.length > 0) changelog.store.restore(pending)
      if (changelog.definition.type === 'memory') continue
      positions.push(positionOperation(changelog.topic, changelog.partition, restoredThrough(fetched)))
    }
    for (const progress of this.#progress.values()) progress.pending = []
    this.recordsRestored += this.#pendingCount
    this.#pendingCount = 0
    await this.#engine.write([...this.task.stage(), ...positions], options)
    this.task.committed()
  }
}

/**
 * Where to begin: the stored position, or the start of the log.
 *
 * @throws {MR_RUNTIME_CHANGELOG_RANGE} (TaskCorruptedError) the position is outside the log: the topic was cut off before
 *   it (retention, deletion) or created anew; the state is of no use
 */
export function restoreStart(
  changelog: RestoreChangelog,
  position: number | null,
  log: { readonly start: number; readonly end: number },
): number {
  if (position === null || changelog.definition.type === 'memory') return log.start
  if (position >= log.start && position <= log.end) return position
  const { topic, partition } = changelog
  throw new TaskCorruptedError('MR_RUNTIME_CHANGELOG_RANGE', { topic, partition, position, ...log })
}
