/** Which live stores of this process stand behind a query, and what to say when there are none. */
import { ConfigError, type StateStore, StoreUnavailableError } from '@millrace/core'
import type { BuiltTopology } from '@millrace/core/internal'
import type { AppState } from '../life-cycle.ts'
import type { HeldTask } from '../worker/held-task.ts'
import { storeView } from './store-views.ts'

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
export interface AskedStore {
  readonly name: string
  /** True: values without timestamps, also of stores that keep them. */
  readonly isPlain: boolean
}

/**
 * A read-only face over the local partitions of a store; see `store-views.ts` for its methods by kind. The face stays valid
 * over rebalances: each call looks for the stores that are open then.
 *
 * @throws {MR_RUNTIME_STORE_UNKNOWN} (ConfigError) the topology has no such store
 */
export function queryStore(process: QueriedProcess, { name, isPlain }: AskedStore): object {
  const { topology } = process
  const local = topology.stores.find(({ definition }) => definition.name === name)
  const global = topology.globalStores.find(({ definition }) => definition.name === name)
  const definition = local?.definition ?? global?.definition
  if (definition === undefined) {
    const known = [...topology.stores, ...topology.globalStores].map((store) => store.definition.name).join(', ')
    throw new ConfigError('MR_RUNTIME_STORE_UNKNOWN', { store: name, known: known === '' ? 'none' : known })
  }
  const views = global === undefined ? () => localViews(process, name) : () => globalViews(process, name)
  return storeView({ name, kind: definition.kind, isPlain }, views, async () => process.yieldTurn())
}

/** @throws {MR_RUNTIME_STORE_UNAVAILABLE} one is being restored, or none is here */
function localViews(process: QueriedProcess, store: string): StateStore[] {
  const state = process.state()
  if (state !== 'RUNNING' && state !== 'REBALANCING') throw unavailable(store, `the application is ${state}`)
  const views: StateStore[] = []
  for (const held of process.tasks()) {
    if (held.isStandby) continue
    const sub = process.topology.subTopologies.find(({ id }) => id === held.id.subTopology)
    if (sub?.stores.includes(store) !== true) continue
    const view = held.phase === 'running' ? held.open?.task.view(store) : undefined
    if (view === undefined) throw unavailable(store, `task ${held.name} is being restored`)
    views.push(view)
  }
  if (views.length === 0) throw unavailable(store, 'this instance has none of its partitions')
  return views
}

function globalViews(process: QueriedProcess, store: string): StateStore[] {
  const view = process.globalView(store)
  if (view === undefined || !view.isOpen) throw unavailable(store, `the application is ${process.state()}`)
  return [view]
}

function unavailable(store: string, reason: string): StoreUnavailableError {
  return new StoreUnavailableError('MR_RUNTIME_STORE_UNAVAILABLE', { store, reason })
}
