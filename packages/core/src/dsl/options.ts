/**
 * The last argument of the DSL's methods: plain objects in place of Kafka's configuration classes.
 *
 * Two words never mix: `name` is the node's name (and, where one is needed, the repartition topic's), `store` is the state.
 */
import type { RecordContext } from '../processor/processor.ts'
import type { SerdeOrSchema } from '../serde/standard-schema.ts'
import type { StoreHandle } from '../store/definition.ts'
import type { Duration } from '../time/duration.ts'
import type { TimestampExtractor } from '../time/timestamp-extractor.ts'
import type { Partitioner } from '../topology/node.ts'
import type { MaterializedSpec } from './materialized.ts'

/** A type without null. */
export type NotNull<T> = T extends null ? never : T
/** Null if the type has it, else nothing. */
export type NullOf<T> = Extract<T, null>
/**
 * What a callback returns. Callbacks are synchronous; one that returns a promise does not fit, and the compiler prints the
 * property that is missing.
 */
export type Sync<T> =
  T extends PromiseLike<unknown>
    ? { readonly 'callbacks are synchronous; use mapAsync for a function that returns a promise': never }
    : T

export interface NameOptions {
  /** Name of the node, 1 to 249 of a-z A-Z 0-9 . _ -; else one is generated. */
  readonly name?: string
}

/** Where a source begins when the group has no committed offset. A duration: that long before now (KIP-1106). */
export type OffsetResetOption = 'earliest' | 'latest' | 'none' | { readonly duration: Duration }

/** How a topic is read (Kafka: `Consumed`). */
export interface SourceOptions extends NameOptions {
  /** Default: that of the application, which is `fail`. */
  readonly timestampExtractor?: TimestampExtractor
  /** Default: that of the application, which is `earliest`. */
  readonly offsetReset?: OffsetResetOption
}

/** As above, for topics that a pattern finds: they need their serdes here. */
export interface PatternSourceOptions<K, V> extends SourceOptions {
  readonly key: SerdeOrSchema<K>
  readonly value: SerdeOrSchema<V>
}

/** How a topic is written (Kafka: `Produced`). */
export interface SinkOptions<K, V> extends NameOptions {
  /** Default: hash of the key's bytes (windowed keys: of the plain key's bytes). */
  readonly partitioner?: Partitioner<K, V>
}

/** As above, for topics that a function chooses. Serdes that are not given are those of the stream. */
export interface DynamicSinkOptions<K, V> extends SinkOptions<K, V> {
  readonly key?: SerdeOrSchema<NotNull<K>>
  readonly value?: SerdeOrSchema<NotNull<V>>
}

/**
 * How a table is kept (Kafka: `Materialized`). With `store` it can be queried by that name. A handle brings serdes and
 * settings; serdes given beside it are taken first.
 */
export interface TableOptions<K, V> extends NameOptions {
  readonly store?: string | StoreHandle<K, V>
  readonly key?: SerdeOrSchema<K>
  readonly value?: SerdeOrSchema<V>
  /** @internal everything that Kafka's Materialized can say; in place of the three above */
  readonly materialized?: MaterializedSpec
}

/** A grouping (Kafka: `Grouped`). `name` is that of the repartition topic; serdes are those of its records. */
export interface GroupOptions<K, V> extends NameOptions {
  readonly key?: SerdeOrSchema<K>
  readonly value?: SerdeOrSchema<V>
}

/** A repartition topic (Kafka: `Repartitioned`). */
export interface RepartitionOptions<K, V> extends GroupOptions<K, V> {
  /** Number of partitions; default that of the input. */
  readonly partitions?: number
  readonly partitioner?: Partitioner<K, V>
}

/** Stores that a processor uses, by name or handle; they are added elsewhere. */
export interface ProcessOptions extends NameOptions {
  readonly stores?: readonly (string | StoreHandle<any, any>)[]
}

/** Text of a record for `print`. */
export interface PrintStreamOptions<K, V> extends NameOptions {
  /** Takes one line, without a line end. */
  readonly write: (line: string) => void
  /** Stands in brackets at the begin of each line; default the name of the node above. */
  readonly label?: string
  mapper?(this: void, value: V, key: K, context: RecordContext): string
}
