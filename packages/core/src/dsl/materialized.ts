/**
 * How a table or an aggregation is stored: from the options of an operator to the store's definition.
 *
 * Kafka's rules for names: a store without a name gets a generated one and cannot be queried; it uses up a number.
 */
import { TopologyError } from '../errors.ts'
import type { Serde } from '../serde/serde.ts'
import type { StoreDefinition, StoreHandle, StoreKind, StoreLogging, StoreType } from '../store/definition.ts'
import type { BuildSettings, StoreSpec } from '../topology/store-spec.ts'
import { chosenKey, chosenValue } from './chosen-serde.ts'
import { requireName } from './names.ts'
import type { TableOptions } from './options.ts'
import type { Plan } from './plan.ts'
import { requireArgument } from '../known-options.ts'

/** Everything that Kafka's `Materialized` can say. */
export interface MaterializedSpec {
  /** Name of the store; absent = generated. */
  readonly store?: string
  /** Absent: that of the stream or table. Null: the default one. */
  readonly key?: Serde<any> | null
  readonly value?: Serde<any> | null
  readonly caching?: boolean
  readonly logging?: StoreLogging
  readonly retentionMs?: number
  /** Default: `dsl.store.suppliers.class`. */
  readonly storeType?: 'rocksdb' | 'in-memory'
  /** A store of the user's own making, whose settings stand as they are. */
  readonly supplier?: StoreSupplier
}

/** A store supplier as of Kafka's `Stores`. */
export interface StoreSupplier {
  readonly kind: StoreKind
  /** Kafka's wrapper around a plain store: rows lose their timestamps on disk. */
  readonly plain?: boolean
  readonly inMemory?: boolean
  readonly entriesMax?: number
  readonly historyRetentionMs?: number
  readonly segmentIntervalMs?: number
  readonly retentionMs?: number
  readonly windowSizeMs?: number
  readonly retainDuplicates?: boolean
}

/** A `Materialized` with its store's name settled. */
export interface Materialized {
  readonly storeName: string
  /** The store's name if the user gave it, else null. */
  readonly queryableName: string | null
  readonly key: Serde<unknown> | null
  readonly value: Serde<unknown> | null
  readonly spec: MaterializedSpec
}

/** True if the user said anything about the store; Kafka has overloads with and without. */
export function saysStore(options: TableOptions<any, any>): boolean {
  const { store, key, value, materialized } = options
  return store !== undefined || key !== undefined || value !== undefined || materialized !== undefined
}

/** What the options say about the store; empty if they say nothing. */
export function materializedSpec(options: TableOptions<any, any>): MaterializedSpec {
  const { store, key, value, materialized } = options
  if (materialized !== undefined) return materialized
  requireStore(store)
  const given = typeof store === 'object' ? fromHandle(store) : store === undefined ? {} : { store }
  return {
    ...given,
    ...(key === undefined ? {} : { key: chosenKey(key, null) }),
    ...(value === undefined ? {} : { value: chosenValue(value, null) }),
  }
}

/** @throws {MR_TOPOLOGY_ARGUMENT} neither a name nor a store */
function requireStore(store: TableOptions<any, any>['store']): void {
  const isRight = store === undefined || typeof store === 'string' || (store !== null && typeof store.kind === 'string')
  const accepted = "a name, or a store such as keyValueStore('counts')"
  requireArgument(isRight, store, { where: 'The option store', accepted })
}

/**
 * Settles the name: the given one, or a generated one with this prefix, which uses up a number.
 *
 * @throws {MR_TOPOLOGY_NAME} the given name is not allowed
 * @throws {MR_STORE_DEFINITION} a negative retention
 */
export function materialize(
  plan: Plan,
  spec: MaterializedSpec,
  inherited: { prefix: string; key: Serde<unknown> | null; value: Serde<unknown> | null },
): Materialized {
  const given = spec.store === undefined ? null : requireName(spec.store)
  const storeName = given ?? plan.nextStoreName(inherited.prefix)
  if (given === null) plan.generatedNames.stores.set(storeName, spec.logging !== false)
  if ((spec.supplier?.historyRetentionMs ?? 0) < 0)
    throw new TopologyError('MR_STORE_DEFINITION', { store: storeName, reason: 'its historyRetention is negative' })
  const key = spec.key === undefined ? inherited.key : spec.key
  const value = spec.value === undefined ? inherited.value : spec.value
  return { storeName, queryableName: given, key, value, spec }
}

/** True if rows keep older versions. */
export function isVersioned(spec: MaterializedSpec): boolean {
  return spec.supplier?.kind === 'versioned'
}

/** The store of an un-windowed table. */
export function tableStore(materialized: Materialized): StoreSpec {
  const { storeName, spec } = materialized
  return {
    name: storeName,
    given: null,
    historyMs: isVersioned(spec) ? (spec.supplier?.historyRetentionMs ?? 0) : null,
    define(settings: BuildSettings): StoreDefinition {
      const common = commonDefinition(materialized, settings)
      const { supplier } = spec
      if (supplier?.kind === 'versioned')
        return {
          ...common,
          kind: 'versioned',
          type: 'disk',
          caching: false,
          historyRetentionMs: supplier.historyRetentionMs ?? 0,
          ...(supplier.segmentIntervalMs === undefined ? {} : { segmentIntervalMs: supplier.segmentIntervalMs }),
        }
      return {
        ...common,
        kind: keepsHeaders(materialized, common.type, settings) ? 'headers-key-value' : 'timestamped-key-value',
        ...(supplier?.kind === 'lru' ? { type: 'memory' as const, entriesMax: supplier.entriesMax ?? 0 } : {}),
      }
    },
  }
}

/** Stores in memory and those of a supplier have no format with headers, whatever `dsl.store.format` says (KIP-1285). */
export function keepsHeaders({ spec }: Materialized, type: StoreType, { format }: BuildSettings): boolean {
  return format === 'headers' && type === 'disk' && spec.supplier === undefined
}

/** What all stores of the DSL have in common. */
export function commonDefinition(materialized: Materialized, settings: BuildSettings): Omit<StoreDefinition, 'kind'> {
  const { storeName, key, value, spec } = materialized
  const { supplier } = spec
  const inMemory =
    supplier === undefined ? (spec.storeType ?? settings.suppliers) === 'in-memory' : supplier.inMemory === true
  return {
    name: storeName,
    key,
    value,
    type: inMemory ? 'memory' : 'disk',
    caching: spec.caching ?? true,
    cachingChosen: spec.caching !== undefined,
    logging: spec.logging ?? true,
    ...(supplier?.plain === true && !inMemory ? { withoutTimestamps: true } : {}),
  }
}

/** A handle says less than a supplier: what it leaves to the default follows the options of the application. */
function fromHandle(handle: StoreHandle<unknown, unknown>): MaterializedSpec {
  const { name, key, value, type, caching, cachingChosen, logging, retentionMs } = handle
  const common: MaterializedSpec = {
    store: name,
    ...(key === null ? {} : { key }),
    ...(value === null ? {} : { value }),
    ...(cachingChosen === true ? { caching } : {}),
    ...(logging === true ? {} : { logging }),
    ...(type === 'memory' ? { storeType: 'in-memory' as const } : {}),
    ...(retentionMs === undefined ? {} : { retentionMs }),
  }
  if (handle.kind === 'versioned' || handle.kind === 'lru') return { ...common, supplier: supplierOf(handle) }
  return common
}

function supplierOf(handle: StoreHandle<unknown, unknown>): StoreSupplier {
  const { kind, entriesMax, historyRetentionMs, segmentIntervalMs } = handle
  return {
    kind,
    inMemory: handle.type === 'memory',
    ...(entriesMax === undefined ? {} : { entriesMax }),
    ...(historyRetentionMs === undefined ? {} : { historyRetentionMs }),
    ...(segmentIntervalMs === undefined ? {} : { segmentIntervalMs }),
  }
}

const shapes: Readonly<Record<'table' | 'window' | 'session', readonly StoreKind[]>> = {
  table: ['key-value', 'timestamped-key-value', 'headers-key-value', 'lru', 'versioned'],
  window: ['window', 'timestamped-window', 'headers-window'],
  session: ['session', 'headers-session'],
}

/**
 * A store of the wrong kind (a window store for a plain table, say) is found here, not when the first record comes.
 *
 * @throws {MR_TOPOLOGY_STORE_SHAPE}
 */
export function requireShape(options: TableOptions<any, any>, shape: keyof typeof shapes, operator: string): void {
  requireStore(options.store)
  const kind = typeof options.store === 'object' ? options.store.kind : options.materialized?.supplier?.kind
  if (kind === undefined || shapes[shape].includes(kind)) return
  const store = typeof options.store === 'object' ? options.store.name : (options.materialized?.store ?? '')
  const reason = `it is a ${kind} store, and a ${shape === 'table' ? 'key-value or versioned' : shape} store is needed`
  throw new TopologyError('MR_TOPOLOGY_STORE_SHAPE', { store, operator, reason })
}
