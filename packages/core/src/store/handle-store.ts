/**
 * Which store stands behind a handle, in types. A handle's kind says what its store can do and what its rows are, so a wrong
 * use of `context.getStateStore(handle)` does not compile.
 */
import type { StoreHandle, StoreKind } from './definition.ts'
import type {
  KeyValueStore,
  SessionStore,
  StateStore,
  ValueAndTimestamp,
  ValueTimestampHeaders,
  VersionedKeyValueStore,
  WindowStore,
} from './store.ts'

/** The store of each kind that users can make, with the values it holds. */
export interface StoresByKind<K, V> {
  readonly 'key-value': KeyValueStore<K, V>
  readonly lru: KeyValueStore<K, V>
  readonly 'timestamped-key-value': KeyValueStore<K, ValueAndTimestamp<V>>
  readonly 'headers-key-value': KeyValueStore<K, ValueTimestampHeaders<V>>
  readonly window: WindowStore<K, V>
  readonly 'timestamped-window': WindowStore<K, ValueAndTimestamp<V>>
  readonly 'headers-window': WindowStore<K, ValueTimestampHeaders<V>>
  readonly session: SessionStore<K, V>
  readonly 'headers-session': SessionStore<K, V>
  readonly versioned: VersionedKeyValueStore<K, V>
}

/** The store behind a handle; where the kind is not known, what all stores have. */
export type HandleStore<H> =
  H extends StoreHandle<infer K, infer V, infer Kind>
    ? StoreKind extends Kind
      ? StateStore
      : Kind extends keyof StoresByKind<K, V>
        ? StoresByKind<K, V>[Kind]
        : StateStore
    : StateStore
