/**
 * The types of the functions that users give to operators, in one place so that every operator reads alike.
 *
 * All are synchronous. `(value, key, context)`: value first, because most code ignores the key. Aggregating functions
 * take the aggregate before that. What they throw reaches the processing handler of the task; the record is not
 * forwarded then.
 */
import type { RecordContext } from '../processor/processor.ts'

/** True: keep the record. */
export type Predicate<K, V> = (value: V, key: K, context: RecordContext) => boolean
/** One value to another; the key stays. */
export type ValueMapper<K, V, VOut> = (value: V, key: K, context: RecordContext) => VOut
/** One record to another: a pair of key and value, never null. */
export type PairMapper<K, V, KOut, VOut> = (value: V, key: K, context: RecordContext) => readonly [KOut, VOut]
/** One record to a new key. */
export type KeyMapper<K, V, KOut> = (value: V, key: K, context: RecordContext) => KOut
/** Looks at a record; what it returns is ignored. */
export type Action<K, V> = (value: V, key: K, context: RecordContext) => void
/** The aggregate of a key that has none yet. */
export type Initializer<Agg> = () => Agg
/** The aggregate after this record; null deletes it. */
export type Aggregator<K, V, Agg> = (aggregate: Agg, value: V, key: K, context: RecordContext) => Agg | null
/** As Aggregator, where aggregate and value have one type. The first value is stored without calling it. */
export type Reducer<K, V> = (aggregate: V, value: V, key: K, context: RecordContext) => V | null
/** One session out of two that a record has connected; the context is that of the record. */
export type SessionMerger<K, Agg> = (one: Agg, two: Agg, key: K, context: RecordContext) => Agg
/** The result of two records or rows; null where the side may be missing. */
export type Joiner<K, L, R, VOut> = (left: L, right: R, key: K, context: RecordContext) => VOut
