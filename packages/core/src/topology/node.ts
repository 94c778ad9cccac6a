/**
 * The nodes of a topology as plain data: sources, processors, sinks, in the order in which they were added. The low-level
 * `Topology` and the DSL make them, the task turns each into a live node.
 *
 * Topic names are as `describe()` prints them: internal topics (repartition, changelog, foreign-key joins) are without
 * the application id, which `BuiltTopology.topicName` puts in front when the topology is run.
 */
import type { FixedKeyProcessor, Processor, RecordContext } from '../processor/processor.ts'
import type { Serde } from '../serde/serde.ts'
import type { TimestampExtractor } from '../time/timestamp-extractor.ts'

/** Where a source begins when the group has no committed offset; `durationMs` = that long before now. */
export type OffsetReset = 'earliest' | 'latest' | 'none' | { readonly durationMs: number }

/** Chooses the topic of each record of a sink. */
export type TopicNameExtractor<K = unknown, V = unknown> = (value: V, key: K, context: RecordContext) => string

/**
 * Chooses the partition of a record: a number, several (the record is written to each), an empty array (the record is
 * dropped), or undefined for the default: hash of the key's bytes, or any partition when the key is null.
 */
export type Partitioner<K = unknown, V = unknown> = Choice<K, V>['choose']

/** Written as a method, so that a stream of a narrower type is still one of the wider. */
interface Choice<K, V> {
  choose(topic: string, key: K, value: V, partitionCount: number): number | readonly number[] | undefined
}

/** What nodes and stores fall back to, known only when the topology is run. Null: there is no default. */
export interface SerdeDefaults {
  readonly key: Serde<unknown> | null
  readonly value: Serde<unknown> | null
}

export interface SourceNode {
  readonly kind: 'source'
  readonly name: string
  /** Always empty. */
  readonly parents: readonly string[]
  /** In the order in which they were attached; records are forwarded in this order. */
  readonly children: readonly string[]
  /** Topics read, without application id; null when `pattern` is given. */
  readonly topics: readonly string[] | null
  /** Matches whole names of topics; null when `topics` is given. */
  readonly pattern: RegExp | null
  /** Null: the default serde. */
  readonly key: Serde<unknown> | null
  readonly value: Serde<unknown> | null
  /** False: a record with a null key goes to the deserialization handler as MR_RECORD_NULL_KEY. */
  readonly acceptsNullKey: boolean
  readonly acceptsNullValue: boolean
  /** Null: the default extractor. */
  readonly timestampExtractor: TimestampExtractor | null
  /** Null: the default policy. */
  readonly offsetReset: OffsetReset | null
}

export interface ProcessorNode {
  readonly kind: 'processor'
  readonly name: string
  readonly parents: readonly string[]
  readonly children: readonly string[]
  /** Names of the connected stores, also global ones that an operator reads. In order of connection. */
  readonly stores: readonly string[]
  /** True: the node is a `FixedKeyProcessor`; its context refuses records with another key. */
  readonly fixedKey: boolean
  /** Makes the processor of one task; called once per task and node. */
  create(this: void, defaults: SerdeDefaults): Processor<never, never> | FixedKeyProcessor<never, never>
}

export interface SinkNode {
  readonly kind: 'sink'
  readonly name: string
  readonly parents: readonly string[]
  /** Always empty. */
  readonly children: readonly string[]
  /** Topic written, without application id; null when `topicName` chooses. */
  readonly topic: string | null
  readonly topicName: TopicNameExtractor<never, never> | null
  /** Null: the default serde. */
  readonly key: Serde<unknown> | null
  readonly value: Serde<unknown> | null
  /** Null: the default partitioner. */
  readonly partitioner: Partitioner<never, never> | null
  /** Bytes at the end of a serialized key that do not choose the partition: 8 or 16 for windowed keys, else 0. */
  readonly partitionSuffix: number
}

export type TopologyNode = SourceNode | ProcessorNode | SinkNode
