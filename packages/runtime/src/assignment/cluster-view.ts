/**
 * What the assignor knows: the tasks to place, and for each process of the group its workers and the state it has.
 * Plain values, so that the assignor is a pure function of them.
 */

/** A task to place. */
export interface PlacedTask {
  /** `0_3` */
  readonly name: string
  readonly stateful: boolean
}

/** One process of the group: its workers share a state directory. */
export interface ClientView {
  /** Process id, the same for all its workers and kept over restarts. */
  readonly id: string
  /** Member ids, ascending. Never empty. */
  readonly workers: readonly string[]
  /** Tasks that each worker ran as active, by member id. */
  readonly previousActive: ReadonlyMap<string, ReadonlySet<string>>
  /** Tasks that each worker followed as standby, by member id. */
  readonly previousStandby: ReadonlyMap<string, ReadonlySet<string>>
  /**
   * Records by which the local state of a task is behind its changelogs: 0 for a running active task, absent = no state.
   */
  readonly lags: ReadonlyMap<string, number>
}

export interface BalanceSettings {
  readonly numStandbyReplicas: number
  readonly acceptableRecoveryLag: number
  readonly maxWarmupReplicas: number
}

/** Tasks of one process. */
export interface ClientTasks {
  readonly active: Set<string>
  /** Standby tasks, also the ones that are being warmed up. */
  readonly standby: Set<string>
}

export interface Balance {
  /** By process id; every process is in it. */
  readonly clients: ReadonlyMap<string, ClientTasks>
  /** Tasks that run where they are not meant to stay, until the copy at their place has caught up. */
  readonly moving: readonly string[]
  /** Copies that could not be placed for lack of processes. */
  readonly standbysMissing: number
}

/** True when this process ran the task as active. */
export function wasActive(client: ClientView, task: string): boolean {
  for (const tasks of client.previousActive.values()) if (tasks.has(task)) return true
  return false
}

/** Order of task names: by sub-topology, then by partition, as numbers. */
export function compareTaskNames(a: string, b: string): number {
  const cut = (name: string): [number, number] => {
    const at = name.indexOf('_')
    return [Number(name.slice(0, at)), Number(name.slice(at + 1))]
  }
  const [subA, partitionA] = cut(a)
  const [subB, partitionB] = cut(b)
  return subA - subB || partitionA - partitionB
}
