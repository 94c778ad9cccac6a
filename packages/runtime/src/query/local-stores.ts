/** Which live stores of this process stand behind a query, and what to say when there are none. */
import { ConfigError, type StateStore, StoreUnavailableError } from '@millrace/core'
import { type BuiltTopology, requireKnown } from '@millrace/core/internal'
import type { AppState } from '../life-cycle.ts'
import type { HeldTask } from '../worker/held-task.ts'
import { type AnsweringStore, storeView } from './store-views.ts'
import { viewedAs } from './store-type.ts'
import type { NamedStoreQuery, Position, QueriedStore } from './views.ts'

/** The process as queries see it. */
export interface QueriedProcess {
  readonly topology: BuiltTopology
  state(): AppState
  /** All tasks of all workers. */
  tasks(): Iterable<HeldTask>
  globalView(store: string): StateStore | undefined
  yieldTurn(): Promise<void>
}

/** What is asked for. */
export interface AskedStore extends NamedStoreQuery {
  readonly name: string
}

/**
 * A read-only face over the local partitions of a store; see `views.ts` for its methods by kind. The face stays valid
 * over rebalances: each call looks for the stores that are open then.
 *
 * @throws {MR_RUNTIME_STORE_UNKNOWN} {MR_RUNTIME_STORE_TYPE} (ConfigError) there is no such store, or it is of another kind
 */
export function queryStore(process: QueriedProcess, asked: AskedStore): QueriedStore {
  const { topology } = process
  const { name } = asked
  const local = topology.stores.find(({ definition }) => definition.name === name)
  const global = topology.globalStores.find(({ definition }) => definition.name === name)
  const definition = local?.definition ?? global?.definition
  if (definition === undefined) throw unknownStore(topology, name)
  requireKnown(asked, queryOptions, `app.store("${name}")`)
  const viewed = viewedAs(name, definition.kind, asked.type)
  const stores = global === undefined ? () => localStores(process, asked) : () => globalStores(process, name)
  return storeView(viewed, stores, async () => process.yieldTurn())
}

/** The error for a name that the topology does not have. */
export function unknownStore(topology: BuiltTopology, store: string): ConfigError {
  const known = [...topology.stores, ...topology.globalStores].map(({ definition }) => definition.name).join(', ')
  return new ConfigError('MR_RUNTIME_STORE_UNKNOWN', { store, known: known === '' ? 'none' : known })
}

const queryOptions: readonly string[] = Object.keys({
  name: true,
  type: true,
  stale: true,
  partition: true,
  atLeast: true,
} satisfies Record<keyof AskedStore, true>)

/** @throws {MR_RUNTIME_STORE_UNAVAILABLE} one is being restored, is behind, or none is here */
function localStores(process: QueriedProcess, asked: AskedStore): AnsweringStore[] {
  const { name, partition, stale = false, atLeast } = asked
  const state = process.state()
  if (state !== 'RUNNING' && state !== 'REBALANCING') throw unavailable(name, `the application is ${state}`)
  const found: AnsweringStore[] = []
  for (const held of process.tasks()) {
    if (partition !== undefined && held.id.partition !== partition) continue
    if (held.isStandby && !stale) continue
    const sub = process.topology.subTopologies.find(({ id }) => id === held.id.subTopology)
    if (sub?.stores.includes(name) !== true) continue
    const view = held.phase === 'running' || stale ? held.visible?.view(name) : undefined
    if (view === undefined) throw unavailable(name, `task ${held.name} is being restored`)
    if (atLeast !== undefined) requirePosition(held, name, atLeast)
    found.push({ view, position: () => positionOf(held) })
  }
  if (found.length === 0) {
    const what = partition === undefined ? 'none of its partitions' : `not its partition ${partition}`
    throw unavailable(name, `this instance has ${what}`)
  }
  return found
}

function globalStores(process: QueriedProcess, store: string): AnsweringStore[] {
  const view = process.globalView(store)
  if (view === undefined || !view.isOpen) throw unavailable(store, `the application is ${process.state()}`)
  return [{ view, position: () => ({}) }]
}

/** Last input records that a running task has processed. */
function positionOf(held: HeldTask): Position {
  const position: Record<string, Record<number, number>> = {}
  if (held.phase !== 'running') return position
  for (const { topic, partition, offset } of held.open?.task.positions() ?? []) {
    if (offset > 0) (position[topic] ??= {})[partition] = offset - 1
  }
  return position
}

/** Partitions that the task does not read ask nothing of it. */
function requirePosition(held: HeldTask, store: string, atLeast: Position): void {
  if (held.phase !== 'running') throw unavailable(store, `task ${held.name} is a copy whose position is not known`)
  const reached = positionOf(held)
  for (const { topic, partition } of held.inputs) {
    const wanted = atLeast[topic]?.[partition] ?? -1
    const offset = reached[topic]?.[partition] ?? -1
    if (offset >= wanted) continue
    throw unavailable(store, `task ${held.name} has ${topic}-${partition} up to offset ${offset}, not ${wanted}`)
  }
}

function unavailable(store: string, reason: string): StoreUnavailableError {
  return new StoreUnavailableError('MR_RUNTIME_STORE_UNAVAILABLE', { store, reason })
}
