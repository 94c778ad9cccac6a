/**
 * A store inside a topology that is not yet built: its name, and how its definition comes about once the options are
 * known. Stores of the DSL depend on them (in memory or on disk, with headers or without); stores of users do not.
 */
import type { StoreDefinition } from '../store/definition.ts'
import type { SerdeDefaults } from './node.ts'

/** Options of whoever runs the topology that decide what it is made of. */
export interface BuildSettings {
  /** `dsl.store.suppliers.class` */
  readonly suppliers: 'rocksdb' | 'in-memory'
  /** `dsl.store.format` (KIP-1285) */
  readonly format: 'default' | 'headers'
  /** `default.key.serde`, `default.value.serde` */
  readonly serdes: SerdeDefaults
}

export const defaultBuildSettings: BuildSettings = {
  suppliers: 'rocksdb',
  format: 'default',
  serdes: { key: null, value: null },
}

/** Two specs are one store when they are one object, or made from one definition object. */
export interface StoreSpec {
  readonly name: string
  /** The user's definition, when the store is his. */
  readonly given: StoreDefinition | null
  /** Versioned stores: how far back they remember, ms; else null or absent. */
  readonly historyMs?: number | null
  define(settings: BuildSettings): StoreDefinition
}

/** The spec of a definition that a user gave. */
export function givenStore(definition: StoreDefinition): StoreSpec {
  return {
    name: definition.name,
    given: definition,
    historyMs: definition.kind === 'versioned' ? (definition.historyRetentionMs ?? 0) : null,
    define: () => definition,
  }
}

export function isSameStore(one: StoreSpec, other: StoreSpec): boolean {
  return one === other || (one.given !== null && one.given === other.given)
}
