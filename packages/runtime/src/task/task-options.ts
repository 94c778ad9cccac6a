/** What a task is made of. */
import type { TopicPartition } from '@millrace/core'
import type { BuiltTopology } from '@millrace/core/internal'
import type { StoreEngine } from '@millrace/core/port'
import type { GlobalStores } from './ports.ts'
import type { TaskSurroundings } from './task-state.ts'

export interface TaskOptions extends TaskSurroundings {
  readonly topology: BuiltTopology
  /** Number of the sub-topology; null = all of them in one task (the test driver's model). */
  readonly subTopology: number | null
  /** Input partitions, when they are known; others are added when first enqueued. */
  readonly inputs?: readonly TopicPartition[]
  /** Engine of disk stores. */
  readonly engine: StoreEngine
  /** Engine of memory stores, private to this task. */
  readonly memoryEngine: StoreEngine
  readonly globalStores?: GlobalStores
}
