/** Store definitions of vectors as handles: the same definition twice is one store. */
import {
  headersKeyValueStore,
  keyValueStore,
  lruStore,
  sessionStore,
  type StoreDefinition,
  timestampedKeyValueStore,
  timestampedWindowStore,
  versionedStore,
  windowStore,
} from '@millrace/core'
import { serde } from './serdes.ts'
import type { StoreDefinition as VectorStore, StoreShape } from './vector-parts.ts'

/** What is common to all kinds, where the vector says it. */
export interface StoreParts {
  readonly keySerde?: string
  readonly valueSerde?: string
  readonly caching?: boolean
  readonly logging?: boolean | { [topicConfig: string]: string }
}

export class StoreDefinitions {
  private readonly made = new Map<string, StoreDefinition>()
  private readonly kinds = new Map<string, StoreShape['kind']>()

  /** The handle of a definition with serdes `string` where none are given. */
  get(store: VectorStore): StoreDefinition {
    const same = JSON.stringify(store, Object.keys(store).toSorted())
    const known = this.made.get(same)
    if (known !== undefined) return known
    // The makers of the vectors give versioned stores of processors Kafka's own segment interval, whatever is written.
    const shape = store.kind === 'versioned' ? { ...store, segmentInterval: undefined } : store
    const made = storeHandle(store.name, shape as StoreShape, { keySerde: 'string', valueSerde: 'string', ...store })
    this.made.set(same, made)
    this.kinds.set(store.name, store.kind)
    return made
  }

  /** Kind of a store that the vector defines; undefined for stores of the DSL. */
  readonly kindOf = (store: string): StoreShape['kind'] | undefined => this.kinds.get(store)
}

/** A handle of one kind; serdes that are not given are left to the DSL. */
export function storeHandle(name: string, shape: StoreShape, parts: StoreParts): StoreDefinition {
  const options = {
    ...(parts.keySerde === undefined ? {} : { key: serde(parts.keySerde) }),
    ...(parts.valueSerde === undefined ? {} : { value: serde(parts.valueSerde) }),
    ...(parts.caching === undefined ? {} : { caching: parts.caching }),
    ...(parts.logging === undefined ? {} : { logging: parts.logging }),
    type: 'inMemory' in shape && shape.inMemory === true ? ('memory' as const) : ('disk' as const),
  }
  const { type: _type, ...withoutType } = options
  switch (shape.kind) {
    case 'kv':
      return keyValueStore(name, options)
    case 'timestamped-kv':
      return timestampedKeyValueStore(name, options)
    case 'headers-kv':
      return headersKeyValueStore(name, options)
    case 'lru':
      return lruStore(name, { ...withoutType, entriesMax: shape.maxEntries })
    case 'versioned': {
      const { segmentInterval, historyRetention } = shape
      const { caching, ...rest } = withoutType
      return versionedStore(name, {
        ...rest,
        ...(caching === true ? { caching } : {}),
        historyRetention,
        ...(segmentInterval === undefined ? {} : { segmentInterval }),
      })
    }
    case 'window':
    case 'timestamped-window': {
      const { retention, windowSize, retainDuplicates = false } = shape
      const make = shape.kind === 'window' ? windowStore : timestampedWindowStore
      return make(name, { ...options, retention, windowSize, retainDuplicates }) as StoreDefinition
    }
    case 'session':
      return sessionStore(name, { ...options, retention: shape.retention })
  }
}
