/** Joins of two streams in windows: from the options to the plan. */
import { TopologyError } from '../errors.ts'
import { storeForJoin } from '../operator/join-store.ts'
import { joinStreamToItself } from '../operator/join-stream-self.ts'
import { joinStreams } from '../operator/join-stream-stream.ts'
import { joinTrackers } from '../operator/join-tracker.ts'
import { passThrough } from '../operator/pass-through.ts'
import type { Serde } from '../serde/serde.ts'
import type { SerdeOrSchema } from '../serde/standard-schema.ts'
import type { StoreDefinition, StoreLogging, StoreType } from '../store/definition.ts'
import type { BuildSettings, StoreSpec } from '../topology/store-spec.ts'
import { type JoinWindowOptions, type JoinWindows, joinRetentionMs, joinWindows } from '../window/join-windows.ts'
import { chosenKey, chosenValue } from './chosen-serde.ts'
import type { StoreSupplier } from './materialized.ts'
import { requireName } from './names.ts'
import type { NameOptions } from './options.ts'
import { StreamJoinPlanNode } from './stream-join-node.ts'
import { type StreamState, copartition, processorNode, repartitionNode } from './stream-state.ts'
import { requireArgument, requireKnown } from '../known-options.ts'
import { streamJoinOptions } from './option-lists.ts'
import { requireWord } from '../topology/option-value.ts'

/** A window store that the user has made for one side. */
export interface JoinStoreSupplier extends StoreSupplier {
  readonly name: string
}

/**
 * A join of two streams (Kafka: `JoinWindows` and `StreamJoined`). `name` is also that of the repartition topics
 * (`-left`, `-right`); `store` is the base of the stores' names.
 */
export interface StreamJoinOptions<K, L, R> extends NameOptions, JoinWindowOptions {
  readonly store?: string
  /** Changelogs of the stores; default true. */
  readonly logging?: StoreLogging
  readonly type?: StoreType
  readonly key?: SerdeOrSchema<K>
  readonly value?: SerdeOrSchema<L>
  readonly otherValue?: SerdeOrSchema<R>
  /** @internal */
  readonly thisStore?: JoinStoreSupplier
  /** @internal */
  readonly otherStore?: JoinStoreSupplier
}

export interface StreamJoinRequest {
  readonly kind: 'inner' | 'left' | 'outer'
  readonly left: StreamState
  readonly right: StreamState
  readonly joiner: (left: never, right: never, key: never, context: never) => unknown
}

interface JoinSerdes {
  readonly key: Serde<unknown> | null
  readonly left: Serde<unknown> | null
  readonly right: Serde<unknown> | null
}

export function joinTwoStreams(request: StreamJoinRequest, options: StreamJoinOptions<any, any, any>): StreamState {
  const { plan } = request.left
  const where = request.kind === 'inner' ? 'join' : `${request.kind}Join`
  requireKnown(options, streamJoinOptions, where)
  requireOneWindow(options, where)
  if (options.type !== undefined) requireWord('type', options.type, ['disk', 'memory'])
  const windows = joinWindows(options)
  const given = givenSerdes(options)
  // equal keys must have equal bytes on both sides: a re-keyed one takes the other's serde
  const key = chosenKey(options.key, request.left.key ?? request.right.key)
  const left = repartitioned(request.left, { base: options.name, suffix: '-left', key, value: given.left })
  const right = repartitioned(request.right, {
    base: options.name,
    suffix: '-right',
    key,
    value: given.right,
  })
  const sources = copartition(left, [right])
  const serdes = {
    key: chosenKey(options.key, left.key),
    left: chosenValue(options.value, left.value),
    right: chosenValue(options.otherValue, right.value),
  }
  const { name, node } = joinNode({ ...request, left, right }, options, { windows, serdes })
  return { plan, name, node, key: serdes.key, value: null, sources, repartitionRequired: false }
}

/** @throws {MR_TOPOLOGY_ARGUMENT} no window at all, or two */
function requireOneWindow({ within, before, after }: StreamJoinOptions<any, any, any>, where: string): void {
  const isOne = (within === undefined) !== (before === undefined && after === undefined)
  const given = { within, before, after }
  const named = Object.entries(given).filter(([, length]) => length !== undefined)
  const accepted = "a window for two streams: { within: '5m' }, or { before: '5m', after: 0 }"
  requireArgument(isOne, Object.fromEntries(named), { where, accepted })
}

function givenSerdes({ key, value, otherValue }: StreamJoinOptions<any, any, any>): JoinSerdes {
  return {
    key: chosenKey(key, null),
    left: chosenValue(value, null),
    right: chosenValue(otherValue, null),
  }
}

interface RepartitionNames {
  readonly base: string | undefined
  readonly suffix: string
  readonly key: Serde<unknown> | null
  readonly value: Serde<unknown> | null
}

/**
 * The stream itself, or behind a repartition topic if its key may have changed. Joins without a name share the topic that
 * the stream already has; numbers are used up all the same.
 */
export function repartitioned(state: StreamState, request: RepartitionNames): StreamState {
  if (!state.repartitionRequired) return state
  const key = request.key ?? state.key
  const value = request.value ?? state.value
  const node = repartitionNode(state.plan, {
    name: request.base === undefined ? state.name : requireName(request.base) + request.suffix,
    key,
    value,
    optimizable: true,
    generated: request.base === undefined,
  })
  const kept = request.base === undefined ? (state.plan.joinRepartitions.get(state) ?? node) : node
  state.plan.joinRepartitions.set(state, kept)
  if (kept === node) state.plan.add(state.node, node)
  return {
    ...state,
    name: node.name,
    node: kept,
    key,
    value,
    sources: new Set([kept.name]),
    repartitionRequired: false,
  }
}

function joinNode(
  request: StreamJoinRequest,
  options: StreamJoinOptions<any, any, any>,
  { windows, serdes }: { windows: JoinWindows; serdes: JoinSerdes },
): { name: string; node: StreamJoinPlanNode } {
  const { kind, left, right } = request
  const { plan } = left
  const [leftOuter, rightOuter] = [kind !== 'inner', kind === 'outer']
  const joiner = request.joiner as never
  const named = (suffix: string, prefix: string): string => plan.nameOr(options.name, prefix, suffix)
  const leftSuffix = rightOuter ? '-outer-this-join' : '-this-join'
  const rightSuffix = leftOuter ? '-outer-other-join' : '-other-join'
  const leftWindow = named('-this-windowed', 'KSTREAM-WINDOWED-')
  const rightWindow = named('-other-windowed', 'KSTREAM-WINDOWED-')
  const leftNumbered = plan.nextName(rightOuter ? 'KSTREAM-OUTERTHIS-' : 'KSTREAM-JOINTHIS-')
  const rightNumbered = plan.nextName(leftOuter ? 'KSTREAM-OUTEROTHER-' : 'KSTREAM-JOINOTHER-')
  const name = named('-merge', 'KSTREAM-MERGE-')
  const { leftStore, rightStore, buffer } = joinStores(options, {
    windows,
    serdes,
    plan,
    names: {
      left: options.store === undefined ? leftNumbered : requireName(options.store) + leftSuffix,
      right: options.store === undefined ? rightNumbered : options.store + rightSuffix,
      buffer: bufferName(options, leftNumbered, rightOuter),
    },
    outer: leftOuter,
  })
  const before = (node: string, store: StoreSpec): ReturnType<typeof processorNode> =>
    processorNode({ name: node, create: () => storeForJoin<unknown, unknown>(store.name)() })
  plan.add(left.node, before(leftWindow, leftStore))
  plan.add(right.node, before(rightWindow, rightStore))
  const join = { windows, joiner, buffer: windows.eager ? null : (buffer?.name ?? null), trackers: joinTrackers() }
  const leftSide = joinStreams({ ...join, side: 'left', outer: leftOuter, otherStore: rightStore.name })
  const rightSide = joinStreams({ ...join, side: 'right', outer: rightOuter, otherStore: leftStore.name })
  const self = joinStreamToItself({ store: leftStore.name, windows, joiner })
  const node = new StreamJoinPlanNode({
    name,
    leftWindow,
    rightWindow,
    left: { name: options.name === undefined ? leftNumbered : options.name + leftSuffix, create: () => leftSide() },
    right: { name: options.name === undefined ? rightNumbered : options.name + rightSuffix, create: () => rightSide() },
    merge: { name, create: () => passThrough<unknown, unknown>()() },
    self: { name, create: () => self() },
    leftStore,
    rightStore,
    outerStore: windows.eager ? null : buffer,
  })
  node.nullKeyRelaxed = leftOuter
  plan.add([left.node, right.node], node)
  return { name, node }
}

interface JoinStoresRequest {
  readonly plan: StreamState['plan']
  readonly windows: JoinWindows
  readonly serdes: JoinSerdes
  readonly names: { readonly left: string; readonly right: string; readonly buffer: string }
  readonly outer: boolean
}

function joinStores(
  options: StreamJoinOptions<any, any, any>,
  request: JoinStoresRequest,
): { leftStore: StoreSpec; rightStore: StoreSpec; buffer: StoreSpec | null } {
  const { windows, serdes, names, plan } = request
  const { thisStore, otherStore } = options
  if (thisStore !== undefined && thisStore.name === otherStore?.name)
    throw shapeError(thisStore.name, 'both sides need a store of their own, with its own name')
  const leftName = thisStore === undefined ? `${names.left}-store` : requireJoinStore(thisStore, windows)
  const rightName = otherStore === undefined ? `${names.right}-store` : requireJoinStore(otherStore, windows)
  if (options.store === undefined) {
    // As in Kafka, given stores count as unnamed too: only `store` names those of a join.
    const isLogged = options.logging !== false
    plan.generatedNames.stores.set(leftName, isLogged || thisStore !== undefined)
    plan.generatedNames.stores.set(rightName, isLogged || otherStore !== undefined)
    if (request.outer) plan.generatedNames.stores.set(names.buffer, isLogged)
  }
  return {
    leftStore: windowStore(leftName, { ...request, options, value: serdes.left, supplier: thisStore }),
    rightStore: windowStore(rightName, { ...request, options, value: serdes.right, supplier: otherStore }),
    buffer: request.outer ? bufferStore(names.buffer, { serdes, windows, options }) : null,
  }
}

/** The buffer is called after a store that the user has named, else by the number of the left side. */
function bufferName(
  { store, thisStore }: StreamJoinOptions<any, any, any>,
  leftNumbered: string,
  outer: boolean,
): string {
  const base = thisStore?.name ?? store
  if (base !== undefined) return `${base}-${outer ? 'outer' : 'left'}-shared-join-store`
  return `KSTREAM-OUTERSHARED-${leftNumbered.slice(-10)}-store`
}

function requireJoinStore(supplier: JoinStoreSupplier, windows: JoinWindows): string {
  if (supplier.retainDuplicates !== true) throw shapeError(supplier.name, 'it must retain duplicates')
  const sizeMs = windows.beforeMs + windows.afterMs
  if (supplier.windowSizeMs !== sizeMs || supplier.retentionMs !== joinRetentionMs(windows))
    throw shapeError(
      supplier.name,
      `its windows (${supplier.windowSizeMs} ms, retention ${supplier.retentionMs} ms) are not those of the join (${sizeMs} ms, retention ${joinRetentionMs(windows)} ms)`,
    )
  return supplier.name
}

function shapeError(store: string, reason: string): TopologyError {
  return new TopologyError('MR_TOPOLOGY_STORE_SHAPE', { store, operator: 'a join of two streams', reason })
}

interface WindowStoreRequest {
  readonly options: StreamJoinOptions<any, any, any>
  readonly windows: JoinWindows
  readonly serdes: JoinSerdes
  readonly value: Serde<unknown> | null
  readonly supplier: JoinStoreSupplier | undefined
}

function windowStore(name: string, request: WindowStoreRequest): StoreSpec {
  const { options, windows, serdes, value, supplier } = request
  return {
    name,
    given: null,
    define: (settings) => ({
      ...kindAndType(request, settings),
      name,
      key: serdes.key,
      value,
      caching: false,
      cachingChosen: true,
      logging: joinLogging(options.logging, supplier),
      retentionMs: joinRetentionMs(windows),
      windowSizeMs: windows.beforeMs + windows.afterMs,
      retainDuplicates: true,
      logRecordHeaders: true,
      ...(supplier?.segmentIntervalMs === undefined ? {} : { segmentIntervalMs: supplier.segmentIntervalMs }),
    }),
  }
}

/**
 * Stores in memory keep time and headers of each record; those on disk only with `dsl.store.format`, or the time if the user
 * gave one that keeps it.
 */
function kindAndType(
  { options, supplier }: WindowStoreRequest,
  settings: BuildSettings,
): Pick<StoreDefinition, 'kind' | 'type'> {
  const type = supplier === undefined ? typeOf(options, settings) : supplier.inMemory === true ? 'memory' : 'disk'
  if (type === 'memory' || (supplier === undefined && settings.format === 'headers'))
    return { kind: 'headers-window', type }
  return { kind: supplier === undefined || supplier.plain === true ? 'window' : 'timestamped-window', type }
}

/**
 * Records of a join are only needed for a while: the topic is cleaned by time, not compacted, as in Kafka. A given store is
 * always logged, whatever the join says about its own.
 */
function joinLogging(logging: StoreLogging = true, supplier?: JoinStoreSupplier): StoreLogging {
  if (supplier !== undefined) return true
  if (logging === false) return false
  return { ...(logging === true ? {} : logging), 'cleanup.policy': 'delete' }
}

function bufferStore(
  name: string,
  { serdes, windows, options }: Pick<WindowStoreRequest, 'serdes' | 'windows' | 'options'>,
): StoreSpec {
  return {
    name,
    given: null,
    define: (settings) => ({
      kind: 'outer-join-buffer',
      name,
      key: serdes.key,
      value: serdes.left,
      otherValue: serdes.right,
      type: options.thisStore?.inMemory === true ? 'memory' : typeOf(options, settings),
      caching: false,
      cachingChosen: true,
      logging: options.logging ?? true,
      retentionMs: joinRetentionMs(windows),
    }),
  }
}

function typeOf({ type }: StreamJoinOptions<any, any, any>, settings: BuildSettings): StoreType {
  return type ?? (settings.suppliers === 'in-memory' ? 'memory' : 'disk')
}
