/**
 * What a store needs of the task that holds it, and what the task needs of the store. The task (runtime) implements
 * `StoreHost`; `openStore` returns a `LiveStore`.
 */
import type { EngineOperation, StoreEngine } from '../port/store-engine.ts'
import type { Headers } from '../record/headers.ts'
import type { StoreDefinition } from './definition.ts'
import type { ReadBudget } from './read-budget.ts'
import type { StateStore } from './store.ts'

/** One record of a changelog topic, as bytes. */
export interface ChangelogRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
  readonly timestampMs: number
  readonly headers: Headers
}

/** The record being processed, seen by stores: its time and headers go with every put. One mutable object per task. */
export interface CurrentRecord {
  timestampMs: number
  headers: Headers
}

export interface StoreHost {
  readonly taskName: string
  /** The task's engine; the store's rows live under `enginePrefix`. Memory stores get a memory engine. */
  readonly engine: StoreEngine
  /** Two bytes that begin all engine keys of this store. */
  readonly enginePrefix: Uint8Array
  readonly current: CurrentRecord
  /**
   * Writes one record to the store's changelog topic; absent while logging is off. `timestampMs` null = no timestamp
   * (buffers of suppress and grace joins).
   */
  readonly changelog:
    | ((key: Uint8Array, value: Uint8Array | null, timestampMs: number | null, headers: Headers) => void)
    | null
  /** Topic name handed to serdes: the changelog topic's name. */
  readonly changelogTopic: string
  /** Counts a record that was dropped because it is older than the retention. */
  droppedRecord(): void
  /** The store holds more pinned (not yet committed) bytes than before; the task commits early above its limit. */
  pinnedBytes(delta: number): void
  /** Share of the cache of dirty entries for this task, bytes; 0 = caching off. When full, the store flushes. */
  readonly cacheBytesMax: number
  readonly nowMs: () => number
  /** Greatest number of clean rows that a disk store keeps as objects; default: what its share of the memory allows. */
  readonly cleanRowsMax?: number
  /** Memory in which disk stores keep rows to avoid reads; default: a budget of its own for each store. */
  readonly readBudget?: ReadBudget
}

/**
 * Called for each flushed entry of a cached store with a listener: the table's update goes on downstream.
 *
 * Values have the shape that the store hands out (`{ value, timestampMs }` in timestamped stores). Time and headers are
 * those of the record that was current at the put; in `headers-session` stores the headers are empty (Kafka 4.3).
 * `host.current` has the same time and headers while the listener runs.
 */
export type FlushListener<K, V> = (
  key: K,
  newValue: V | null,
  oldValue: V | null,
  timestampMs: number,
  headers: Headers,
) => void

export interface LiveStore<S extends StateStore = StateStore> {
  readonly definition: StoreDefinition
  /** What processors get from `getStateStore`. */
  readonly view: S
  /** Reads what must be in memory before processing (live indexes); after it every call of the view is synchronous. */
  load(): Promise<void>
  /**
   * Downstream of a cached table: called on flush instead of at each put. `wantsOld` asks for old values.
   * @returns false when the store does not cache: the operator forwards by itself at each put
   */
  setFlushListener(listener: FlushListener<never, never>, wantsOld: boolean): boolean
  /** Dirty entries go to the changelog and to the listener, in the order of their last put. They stay readable. */
  flush(): void
  /** Applies changelog records (restore, standby, global). */
  restore(records: readonly ChangelogRecord[]): void
  /** Moves staged entries to `writing` and appends their engine operations (one batch per task and commit). */
  stage(into: EngineOperation[]): void
  /** The batch with the staged operations was written. */
  committed(): void
  /** Drops everything that is not in the engine: the transaction was aborted. `load` is called again afterwards. */
  rollback(): void
  close(): void
}
