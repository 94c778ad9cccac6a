/**
 * A commit: what makes progress durable, for all tasks of a worker together. The order of its steps is the guarantee;
 * each guarantee is one file beside this one.
 *
 * What a commit needs of a task, of the producer and of the group is declared here; tasks and clients satisfy it.
 */
import type { EngineOperation, StoreEngine } from '@millrace/core/port'

/** A position to commit to the group. */
export interface CommitPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly metadata: string
}

/** What a commit does with a task. */
export interface CommitTask {
  readonly name: string
  flushStores(): void
  committableOffsets(): readonly CommitPosition[]
  /** A position of some input, moved or not; null while none is known. */
  anchor(): CommitPosition | null
  stage(): EngineOperation[]
  committed(positions: readonly CommitPosition[]): void
}

/** One changelog of a task whose position is stored with the data. */
export interface CommitChangelog {
  readonly topic: string
  readonly partition: number
  /** True: the changelog is an input topic, so the position is that of the input. */
  readonly isSource: boolean
}

/** One task in a commit. */
export interface CommitUnit {
  readonly task: CommitTask
  readonly engine: StoreEngine
  /** Changelogs of stores whose rows survive; memory stores have no position. */
  readonly changelogs: readonly CommitChangelog[]
  /** Offset of the last record of this task that was acknowledged in a changelog; undefined = none since it was opened. */
  acknowledgedOffset(topic: string, partition: number): number | undefined
  /** Told of whatever a step of this task threw, before it goes on: damage is removed with the task it is of. */
  onThrown?(error: unknown): void
}

/** How a commit is made. */
export interface CommitOptions {
  /** The last commit of a clean close: the engine batch is forced to the disk. */
  readonly sync?: boolean
}

/** What a commit needs of the worker's producer. */
export interface CommitProducer {
  /** Sends what waits and resolves when every record sent so far is acknowledged; throws if one was refused. */
  flush(): Promise<void>
}

/** Makes progress durable. */
export interface Committer {
  /**
   * Commits these tasks together. Nothing else of the worker runs meanwhile.
   *
   * @throws when anything fails; what is durable then is a state the guarantee allows, and the worker decides by the
   *   error's class: migrated = close without committing, corrupted = restore, retriable = again later
   */
  commit(units: readonly CommitUnit[], options?: CommitOptions): Promise<void>
  /** True when positions of an earlier commit still have to reach the group. */
  readonly owes: boolean
  /** The partitions belong to somebody else: forgets what it owes for them. */
  forget(isLost: (topic: string, partition: number) => boolean): void
}
