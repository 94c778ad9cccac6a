/**
 * What a store is, as plain data: kind, serdes, engine, caching, logging, retention. Made by `keyValueStore(…)` and its
 * siblings, by the DSL for its own stores, and opened by `openStore` for each task.
 *
 * The same definition *object* given twice is one store; two different objects with one name are an error (as in Kafka).
 */
import type { Serde } from '../serde/serde.ts'

export type StoreKind =
  | 'key-value'
  | 'timestamped-key-value'
  | 'headers-key-value'
  | 'lru'
  | 'versioned'
  | 'window'
  | 'timestamped-window'
  | 'headers-window'
  | 'session'
  | 'headers-session'
  | 'suppress-buffer'
  | 'join-buffer'
  | 'outer-join-buffer'
  | 'subscription'

/** `disk` = the task's engine (LevelDB when a state directory is given); `memory` = never on disk. */
export type StoreType = 'disk' | 'memory'

/** True, false, or true with overrides of the changelog topic's configuration (Kafka's names). */
export type StoreLogging = boolean | Readonly<Record<string, string>>

export interface StoreDefinition<K = unknown, V = unknown, Kind extends StoreKind = StoreKind> {
  readonly kind: Kind
  readonly name: string
  /** Null: inherited or default, filled in when the topology is built; opening a store without is an error. */
  readonly key: Serde<K> | null
  readonly value: Serde<V> | null
  /** Outer-join buffer: serde of the right side's values (`value` is that of the left side). */
  readonly otherValue?: Serde<unknown> | null
  readonly type: StoreType
  readonly caching: boolean
  /** False: `caching` is only the default, so that tables and aggregations of the DSL turn it on. */
  readonly cachingChosen?: boolean
  readonly logging: StoreLogging
  /** Window, session, buffers: how long a window is kept after its start (session: end), ms. */
  readonly retentionMs?: number
  /** Window stores: size of the windows, ms (end = start + size in listings). */
  readonly windowSizeMs?: number
  /** Window stores: several values for one key and start (stream–stream joins). */
  readonly retainDuplicates?: boolean
  /** Versioned: how far back versions can be read, ms. */
  readonly historyRetentionMs?: number
  /** Window, session, versioned: length of one expiry segment, ms; default max(retention / 2, 60 s). */
  readonly segmentIntervalMs?: number
  /** LRU: greatest number of entries. */
  readonly entriesMax?: number
  /** Window and session stores of emit-on-close aggregations: iteration by time, then key (Kafka's time-ordered stores). */
  readonly timeOrdered?: boolean
  /** A user's plain disk store under a table or aggregation: rows keep no timestamps, reads answer −1 once uncached. */
  readonly withoutTimestamps?: boolean
  /**
   * Changelog records carry the headers of the record being processed: stores of stream joins and foreign-key
   * subscriptions (Kafka 4.3).
   */
  readonly logRecordHeaders?: boolean
  /** Global and read-only stores: the topic itself is the changelog. */
  readonly sourceTopic?: string
}

/**
 * A definition as users hold it: carries the types of keys and values and the kind of store, so that `app.store` knows
 * what can be asked. Accepted wherever a store is named.
 */
export type StoreHandle<K, V, Kind extends StoreKind = StoreKind> = StoreDefinition<K, V, Kind>
