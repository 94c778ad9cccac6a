/**
 * A task as its worker holds it: what was assigned, and, once it is open, the task itself, its engine and what a commit
 * needs of both.
 */
import { formatTaskId, TaskCorruptedError, type TaskId, type TopicPartition } from '@millrace/core'
import type { HeldEngine } from '../changelog/task-engines.ts'
import type { CommitUnit } from '../commit/committer.ts'
import type { PartitionPosition } from '../task/ports.ts'
import type { Task } from '../task/task.ts'
import type { TaskCounters } from '../task/task-counters.ts'
import type { ProducerCollector } from './producer-collector.ts'
import { TaskReadiness } from './readiness.ts'

/** An open task with its engine. */
export interface OpenTask {
  readonly task: Task
  readonly held: HeldEngine
  readonly counters: TaskCounters
  /** Committed positions of its inputs; −1 as offset where there is none. */
  readonly committed: readonly PartitionPosition[]
}

/** Opening: engine, restore. Running: in the loop. Standby: follows its changelogs. Closed: given up. */
export type HeldTaskPhase = 'opening' | 'running' | 'standby' | 'closed'

export class HeldTask {
  readonly id: TaskId
  readonly name: string
  readonly isStandby: boolean
  /** Empty for a standby. */
  readonly inputs: readonly TopicPartition[]
  readonly readiness: TaskReadiness
  phase: HeldTaskPhase = 'opening'
  open: OpenTask | null = null
  /** What queries may see of it, also while it restores or stands by; null while its stores are not open. */
  visible: Task | null = null
  /** Inputs whose fetching is paused because enough of them is buffered. */
  readonly pausedInputs: TopicPartition[] = []
  /** Its state is damaged: it is not committed any more, and closing it removes the state. */
  damage: TaskCorruptedError | null = null
  #unit: CommitUnit | null = null

  constructor(id: TaskId, inputs: readonly TopicPartition[] | null, maxTaskIdleMs: number) {
    this.id = id
    this.name = formatTaskId(id)
    this.isStandby = inputs === null
    this.inputs = inputs ?? []
    this.readiness = new TaskReadiness(this.inputs, maxTaskIdleMs)
  }

  /** True when it was given up; what still opens it then stops. */
  get isClosed(): boolean {
    return this.phase === 'closed'
  }

  /** Notes damage that a step of this task met. */
  noteThrown(error: unknown): void {
    if (error instanceof TaskCorruptedError) this.damage ??= error
  }

  /** The task in a commit; only while it is running. */
  unit(collector: ProducerCollector): CommitUnit {
    if (this.open === null) throw new TypeError(`task ${this.name} is not open`)
    const { task, held } = this.open
    this.#unit ??= {
      task,
      engine: held.engine,
      changelogs: task.changelogs().filter(({ definition }) => definition.type !== 'memory'),
      acknowledgedOffset: (topic, partition) => collector.acknowledgedOffset(topic, partition),
      onThrown: (error) => this.noteThrown(error),
    }
    return this.#unit
  }
}
