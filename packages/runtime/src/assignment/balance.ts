/**
 * The assignor: which process runs which task. A pure function, so that a leader that is replaced in the middle decides
 * the same.
 *
 * In order: (1) stateful tasks get the place where they should be in the end: evenly per worker, where they ran before
 * or where their state is, if there is room; (2) standbys go to other processes, first where state is; (3) a task whose
 * place has not caught up stays for now with a process that has, and a copy is built at its place (a warm-up), a few at
 * a time; (4) tasks without state fill up evenly, where they ran before if there is room.
 *
 * @see KIP-441 for the idea of balance first, movement by warm-up
 */
import {
  type Balance,
  type BalanceSettings,
  type ClientTasks,
  type ClientView,
  compareTaskNames,
  type PlacedTask,
  wasActive,
} from './cluster-view.ts'

/** Places every task; deterministic in its arguments, whatever their order. */
export function balance(
  tasks: readonly PlacedTask[],
  views: readonly ClientView[],
  settings: BalanceSettings,
): Balance {
  const clients = views.toSorted((a, b) => compareText(a.id, b.id)).map((view) => new Client(view))
  const names = (stateful: boolean): string[] =>
    tasks
      .filter((task) => task.stateful === stateful)
      .map((task) => task.name)
      .toSorted(compareTaskNames)
  const stateful = names(true)
  placeEvenly(stateful, clients, settings.acceptableRecoveryLag)
  const standbysMissing = placeStandbys(stateful, clients, settings.numStandbyReplicas)
  const moving = keepWhereCaughtUp(stateful, clients, settings)
  placeEvenly(names(false), clients, settings.acceptableRecoveryLag)
  return { clients: new Map(clients.map((client) => [client.view.id, client.tasks])), moving, standbysMissing }
}

class Client {
  readonly view: ClientView
  readonly tasks: ClientTasks = { active: new Set(), standby: new Set() }

  constructor(view: ClientView) {
    this.view = view
  }

  get capacity(): number {
    return this.view.workers.length
  }

  /** Infinity = no state. */
  lag(task: string): number {
    return this.view.lags.get(task) ?? Number.POSITIVE_INFINITY
  }

  get load(): number {
    return (this.tasks.active.size + this.tasks.standby.size) / this.capacity
  }

  holds(task: string): boolean {
    return this.tasks.active.has(task) || this.tasks.standby.has(task)
  }
}

/**
 * Room for active tasks: each worker takes `floor(tasks / workers)`, and as many workers as there are tasks left over
 * take one more.
 */
class Room {
  readonly #perWorker: number
  #extras: number

  constructor(total: number, clients: readonly Client[]) {
    const workers = clients.reduce((sum, client) => sum + client.capacity, 0)
    this.#perWorker = Math.floor(total / workers)
    this.#extras = total - this.#perWorker * workers
    for (const client of clients)
      this.#extras -= Math.max(0, client.tasks.active.size - this.#perWorker * client.capacity)
  }

  has(client: Client): boolean {
    const size = client.tasks.active.size
    const fair = this.#perWorker * client.capacity
    return size < fair || (this.#extras > 0 && size < fair + client.capacity)
  }

  take(client: Client, task: string): void {
    if (client.tasks.active.size >= this.#perWorker * client.capacity) this.#extras--
    client.tasks.active.add(task)
  }
}

function placeEvenly(names: readonly string[], clients: readonly Client[], lagMax: number): void {
  const placed = clients.reduce((sum, client) => sum + client.tasks.active.size, 0)
  const room = new Room(placed + names.length, clients)
  const open = new Set(names)
  for (const client of clients) {
    // What another process could take over at once is given up first, so that a finished warm-up ends the move.
    const coveted = (task: string): number =>
      clients.some((other) => other !== client && !wasActive(other.view, task) && other.lag(task) <= lagMax) ? 1 : 0
    const kept = names
      .filter((task) => open.has(task) && wasActive(client.view, task))
      .toSorted((a, b) => coveted(a) - coveted(b) || compareTaskNames(a, b))
    for (const task of kept) {
      if (!room.has(client)) break
      room.take(client, task)
      open.delete(task)
    }
  }
  const stateSomewhere = (task: string): number => (clients.some((client) => client.lag(task) < Infinity) ? 0 : 1)
  const rest = [...open].toSorted((a, b) => stateSomewhere(a) - stateSomewhere(b) || compareTaskNames(a, b))
  for (const task of rest) {
    const candidates = clients.filter((client) => room.has(client))
    const chosen = best(candidates, (client) => [
      client.lag(task) <= lagMax ? 0 : client.lag(task),
      client.tasks.active.size / client.capacity,
    ])
    if (chosen !== null) room.take(chosen, task)
  }
}

/** @returns how many copies found no process */
function placeStandbys(names: readonly string[], clients: readonly Client[], replicas: number): number {
  const workers = clients.reduce((sum, client) => sum + client.capacity, 0)
  const fairLoad = Math.ceil((names.length * (1 + replicas)) / workers)
  let missing = 0
  for (let replica = 0; replica < replicas; replica++) {
    for (const task of names) {
      const free = clients.filter((client) => !client.holds(task))
      const roomy = free.filter((client) => client.load < fairLoad)
      const chosen =
        best(roomy, (client) => [client.lag(task), client.load]) ??
        best(free, (client) => [client.load, client.lag(task)])
      if (chosen === null) missing++
      else chosen.tasks.standby.add(task)
    }
  }
  return missing
}

/** @returns the tasks that are on their way to another process */
function keepWhereCaughtUp(names: readonly string[], clients: readonly Client[], settings: BalanceSettings): string[] {
  const moving: string[] = []
  let warmups = 0
  const movers: { task: string; target: Client; keeper: Client }[] = []
  for (const task of names) {
    const target = clients.find((client) => client.tasks.active.has(task))
    if (target === undefined || target.lag(task) <= settings.acceptableRecoveryLag) continue
    const caughtUp = clients.filter((client) => client.lag(task) <= settings.acceptableRecoveryLag)
    const keeper = best(caughtUp, (client) => [wasActive(client.view, task) ? 0 : 1, client.lag(task), client.load])
    if (keeper !== null) movers.push({ task, target, keeper })
  }
  // The nearest to being caught up first: those moves end soonest.
  for (const { task, target, keeper } of movers.toSorted(
    (a, b) => a.target.lag(a.task) - b.target.lag(b.task) || compareTaskNames(a.task, b.task),
  )) {
    moving.push(task)
    target.tasks.active.delete(task)
    keeper.tasks.active.add(task)
    if (keeper.tasks.standby.delete(task)) target.tasks.standby.add(task)
    else if (warmups < settings.maxWarmupReplicas) {
      warmups++
      target.tasks.standby.add(task)
    }
  }
  return moving.toSorted(compareTaskNames)
}

/** The client with the smallest rank, compared place by place; the first of equals. */
function best(clients: readonly Client[], rank: (client: Client) => readonly number[]): Client | null {
  let chosen: Client | null = null
  let least: readonly number[] = []
  for (const client of clients) {
    const mine = rank(client)
    if (chosen === null || compareRanks(mine, least) < 0) {
      chosen = client
      least = mine
    }
  }
  return chosen
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) {
    const other = b[i] ?? 0
    if (value !== other) return value < other ? -1 : 1
  }
  return 0
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
