/** What the workers of one application share: the topology, the options, the parts they stand on. Made once at start. */
import type { StateStore } from '@millrace/core'
import type { BuiltTopology, ReadBudget, SerdeDefaults } from '@millrace/core/internal'
import type { Transport } from '@millrace/core/port'
import type { Cluster, Surroundings } from '@millrace/protocol'
import type { TaskEngines } from '../changelog/task-engines.ts'
import type { ResolvedOptions } from '../options.ts'

/** The application as its workers see it. */
export interface AppContext {
  readonly topology: BuiltTopology
  readonly options: ResolvedOptions
  readonly around: Surroundings
  readonly transport: Transport
  /** For commits, offsets, topics: requests that are never parked. Shared by all workers. */
  readonly adminCluster: Cluster
  readonly engines: TaskEngines
  /** Memory for rows read from disk, shared by all stores of the process. */
  readonly readBudget: ReadBudget
  /** Uuid text, kept over restarts. */
  readonly processId: string
  readonly clientId: string
  readonly serdes: SerdeDefaults
  /** Stores of the global task. */
  globalStore(name: string): StateStore | undefined
  /** Workers of this process now; each has its share of the memory. */
  workerCount(): number
  /** Gives sockets and timers their turn. */
  yieldTurn(): Promise<void>
  /** Wait for records and processing are suspended by the user. */
  isPaused(): boolean
}
