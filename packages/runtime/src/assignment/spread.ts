/** Within one process: which worker runs which of its tasks. Sticky, and even apart for each kind of task. */
import { type ClientTasks, type ClientView, compareTaskNames } from './cluster-view.ts'

/** Tasks of one worker. */
export interface WorkerTasks {
  readonly active: string[]
  readonly standby: string[]
}

/**
 * Spreads the tasks of a process over its workers.
 *
 * A worker keeps what it ran, up to its share; a standby may stay or go anywhere, it is the same directory. By member id,
 * each list ascending.
 */
export function spread(
  client: ClientView,
  tasks: ClientTasks,
  isStateful: (task: string) => boolean,
): ReadonlyMap<string, WorkerTasks> {
  const workers = new Map<string, WorkerTasks>(client.workers.map((worker) => [worker, { active: [], standby: [] }]))
  const active = [...tasks.active]
  const loads = new Map<string, number>(client.workers.map((worker) => [worker, 0]))
  const pass = (names: string[], previous: ClientView['previousActive'], kind: keyof WorkerTasks): void => {
    for (const [worker, names_] of deal(names.toSorted(compareTaskNames), client.workers, previous, loads)) {
      workers.get(worker)?.[kind].push(...names_)
      loads.set(worker, (loads.get(worker) ?? 0) + names_.length)
    }
  }
  pass(active.filter(isStateful), client.previousActive, 'active')
  pass(
    active.filter((task) => !isStateful(task)),
    client.previousActive,
    'active',
  )
  pass([...tasks.standby], client.previousStandby, 'standby')
  for (const { active: a, standby: s } of workers.values()) {
    a.sort(compareTaskNames)
    s.sort(compareTaskNames)
  }
  return workers
}

function deal(
  names: readonly string[],
  workers: readonly string[],
  previous: ClientView['previousActive'],
  loads: ReadonlyMap<string, number>,
): Map<string, string[]> {
  const dealt = new Map<string, string[]>(workers.map((worker) => [worker, []]))
  const total = names.length + [...loads.values()].reduce((sum, load) => sum + load, 0)
  const share = Math.floor(total / workers.length)
  let extras =
    total - share * workers.length - workers.reduce((sum, w) => sum + Math.max(0, (loads.get(w) ?? 0) - share), 0)
  const size = (worker: string): number => (loads.get(worker) ?? 0) + (dealt.get(worker)?.length ?? 0)
  const give = (worker: string, task: string): boolean => {
    if (size(worker) >= share) {
      if (extras <= 0 || size(worker) > share) return false
      extras--
    }
    dealt.get(worker)?.push(task)
    return true
  }
  const rest = names.filter((task) => {
    const owner = workers.find((worker) => previous.get(worker)?.has(task) === true)
    return owner === undefined || !give(owner, task)
  })
  for (const task of rest) {
    const least = workers.reduce((a, b) => (size(b) < size(a) ? b : a))
    give(least, task)
  }
  return dealt
}
