/** `suppress`: a table whose changes wait in a buffer, until their window has closed or a time has passed. */
import { suppressTable } from '../operator/suppress.ts'
import { TopologyError } from '../errors.ts'
import type { StoreLogging } from '../store/definition.ts'
import { type Duration, durationMs } from '../time/duration.ts'
import type { StoreSpec } from '../topology/store-spec.ts'
import { requireName } from './names.ts'
import type { NameOptions } from './options.ts'
import type { PlanNode } from './plan-node.ts'
import type { TableState } from './stream-state.ts'
import { tableNode } from './table-node.ts'
import { requireLimit, requireWord } from '../topology/option-value.ts'

/** Limits of the buffer; without any it may grow as it will. */
export interface SuppressLimits {
  /** Greatest number of waiting changes. */
  readonly maxRecords?: number
  /** Greatest size of the buffer, bytes. */
  readonly maxBytes?: number
}

/**
 * Final results only: a window's result comes when its grace has passed (KIP-328). A full buffer stops the application,
 * because an early result would not be final.
 */
export interface SuppressUntilClose extends NameOptions, SuppressLimits {
  readonly until: 'window-close'
  readonly whenFull?: 'stop'
  /** Changelog topic of the buffer; default true. */
  readonly logging?: StoreLogging
}

/** At most one change per key and period; a full buffer gives its oldest changes early, or stops the application. */
export interface SuppressUntilTime extends NameOptions, SuppressLimits {
  readonly until: Duration
  readonly whenFull?: 'emit' | 'stop'
  readonly logging?: StoreLogging
}

/**
 * @throws {MR_TOPOLOGY_VERSIONED} the table is versioned
 * @throws {MR_TOPOLOGY_UNSUPPORTED} until window-close, but there is no windowed aggregation above
 */
export function suppressedTable(state: TableState, options: SuppressUntilClose | SuppressUntilTime): TableState {
  const { plan } = state
  if (state.node.outputVersioned === true)
    throw new TopologyError('MR_TOPOLOGY_VERSIONED', { what: 'suppress', reason: `table "${state.name}" is versioned` })
  const untilClose = options.until === 'window-close'
  const { whenFull, maxRecords, maxBytes } = options
  if (whenFull !== undefined) requireWord('whenFull', whenFull, untilClose ? ['stop'] : ['emit', 'stop'])
  if (maxRecords !== undefined) requireLimit('maxRecords', maxRecords)
  if (maxBytes !== undefined) requireLimit('maxBytes', maxBytes)
  const waitMs = options.until === 'window-close' ? graceAbove(state.node) : durationMs(options.until, 'suppress.until')
  const name = options.name === undefined ? plan.nextName('KTABLE-SUPPRESS-') : requireName(options.name)
  const store = options.name === undefined ? plan.nextStoreName('KTABLE-SUPPRESS-') : `${name}-store`
  // As in Kafka a buffer without a changelog may have a generated name.
  if (options.name === undefined && options.logging !== false) plan.generatedNames.stores.set(store, true)
  const supplier = suppressTable({
    parent: state.supplier,
    store,
    until: untilClose ? 'window-close' : 'time-limit',
    waitMs,
    recordsMax: options.maxRecords ?? Number.POSITIVE_INFINITY,
    bytesMax: options.maxBytes ?? Number.POSITIVE_INFINITY,
    whenFull: options.whenFull ?? (untilClose ? 'stop' : 'emit'),
  })
  const node = tableNode({ name, supplier, store: bufferStore(store, state, options.logging ?? true) })
  node.outputVersioned = false
  node.suppresses = true
  plan.add(state.node, node)
  return { ...state, name, node, queryableName: null, supplier }
}

/** Grace of the windowed aggregation above; of several the greatest. */
function graceAbove(node: PlanNode): number {
  if (node.windowGraceMs !== null) return node.windowGraceMs
  if (node.parents.size === 0 || node.name === 'root')
    throw new TopologyError('MR_TOPOLOGY_UNSUPPORTED', {
      what: 'suppress until window-close',
      reason: 'the table does not come from a windowed aggregation',
    })
  return Math.max(...Array.from(node.parents, graceAbove))
}

function bufferStore(name: string, { key, value }: TableState, logging: StoreLogging): StoreSpec {
  return {
    name,
    given: null,
    define: () => ({
      kind: 'suppress-buffer',
      name,
      key,
      value,
      type: 'memory',
      caching: false,
      cachingChosen: true,
      logging,
    }),
  }
}
