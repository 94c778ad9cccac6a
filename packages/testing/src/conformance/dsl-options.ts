/** Options of ops as the DSL's last arguments: names, serdes, stores. Absent in the vector is absent here. */
import type { SerdeOrSchema } from '@millrace/core'
import type { MaterializedSpec, StoreSupplier } from '@millrace/core/internal'
import { illegalArgument, UnknownSpec } from './java-errors.ts'
import { serde } from './serdes.ts'
import type { Materialized, MaterializedSupplier } from './vector-parts.ts'

/** An op as the interpreter reads it: the options of all ops together, each of which may be absent. */
export type OpOptions = Readonly<Record<string, unknown>>

export function nameOf(op: object): { name?: string } {
  const { name } = op as { readonly name?: string }
  return name === undefined ? {} : { name }
}

export interface SerdeOptions {
  key?: SerdeOrSchema<any>
  value?: SerdeOrSchema<any>
}

export function serdesOf(op: object): SerdeOptions {
  const { keySerde, valueSerde } = op as { readonly keySerde?: string; readonly valueSerde?: string }
  return {
    ...(keySerde === undefined ? {} : { key: serde(keySerde) }),
    ...(valueSerde === undefined ? {} : { value: serde(valueSerde) }),
  }
}

/**
 * Serdes of a Grouped or StreamJoined. Kafka passes serdes on only where there is no such object; in one that is there, what
 * it does not say is the default serde (null).
 */
export function configuredSerdes(op: object, isThere: boolean): SerdeOptions {
  return isThere ? ({ key: null, value: null, ...serdesOf(op) } as SerdeOptions) : {}
}

/** True if the op has any part of a Grouped. */
export function isGrouped(op: object): boolean {
  return 'name' in op || 'keySerde' in op || 'valueSerde' in op
}

/** Name and store of an op that makes a table. */
export function tableOptions(op: object): { name?: string; materialized?: MaterializedSpec } {
  const { materialized } = op as { readonly materialized?: Materialized }
  return { ...nameOf(op), ...(materialized === undefined ? {} : { materialized: materializedSpec(materialized) }) }
}

/**
 * As above, of a source table. Where there is a Consumed, its serdes, also those that it does not name, take the place of those
 * of the Materialized.
 */
export function sourceTableOptions(op: object): { name?: string; materialized?: MaterializedSpec } {
  const options = tableOptions(op)
  const consumed = ['name', 'keySerde', 'valueSerde', 'timestampExtractor', 'offsetReset'].some((part) => part in op)
  if (options.materialized === undefined || !consumed) return options
  const serdes = { key: null, value: null, ...serdesOf(op) } as Pick<MaterializedSpec, 'key' | 'value'>
  return { ...options, materialized: { ...options.materialized, ...serdes } }
}

/** As above, where Kafka takes the serdes of the store from the Materialized alone. */
export function storedTableOptions(op: object): { name?: string; materialized?: MaterializedSpec } {
  const options = tableOptions(op)
  const { materialized } = options
  return materialized === undefined
    ? options
    : { ...options, materialized: { key: null, value: null, ...materialized } }
}

/** Kafka needs a Materialized wherever an aggregation is named: `Materialized.with(null, null)` if there is none. */
export function namedTableOptions(op: object): { name?: string; materialized?: MaterializedSpec } {
  const options = tableOptions(op)
  return options.name !== undefined && options.materialized === undefined ? { ...options, materialized: {} } : options
}

function materializedSpec(from: Materialized): MaterializedSpec {
  const { store, caching, logging, retention, storeType, supplier } = from
  return {
    ...(store === undefined ? {} : { store }),
    ...serdesOf(from),
    ...(caching === undefined ? {} : { caching }),
    ...(logging === undefined ? {} : { logging }),
    ...(retention === undefined ? {} : { retentionMs: retention }),
    ...(storeType === undefined ? {} : { storeType }),
    ...(supplier === undefined ? {} : { supplier: storeSupplier(supplier) }),
  } as MaterializedSpec
}

/** A store supplier, as of Kafka's `Stores`, which has none in memory that keeps timestamps: those are on disk, whatever is asked. */
export function storeSupplier(from: MaterializedSupplier): StoreSupplier {
  switch (from.kind) {
    case 'kv':
      return { kind: 'timestamped-key-value', plain: true, inMemory: from.inMemory === true }
    case 'timestamped-kv':
      return { kind: 'timestamped-key-value', inMemory: false }
    case 'lru':
      return { kind: 'lru', inMemory: true, entriesMax: from.maxEntries }
    case 'versioned': {
      const { historyRetention, segmentInterval } = from
      const segments = segmentInterval === undefined ? {} : { segmentIntervalMs: segmentInterval }
      return { kind: 'versioned', historyRetentionMs: historyRetention, ...segments }
    }
    case 'window':
    case 'timestamped-window':
      // Kafka's suppliers refuse it themselves, as `windowStore` does here.
      if (from.retention < from.windowSize)
        throw illegalArgument(`retention ${from.retention} is shorter than the windows, ${from.windowSize}`)
      return {
        kind: 'timestamped-window',
        plain: from.kind === 'window',
        inMemory: from.kind === 'window' && from.inMemory === true,
        retentionMs: from.retention,
        windowSizeMs: from.windowSize,
        retainDuplicates: from.retainDuplicates === true,
      }
    case 'session':
      return { kind: 'session', inMemory: from.inMemory === true, retentionMs: from.retention }
    case 'headers-kv':
      throw new UnknownSpec('a supplier with headers')
  }
}
