/**
 * What a task asks of its surroundings and what it hands out: raw records in, raw records out, positions, settings.
 *
 * The stream loop gives a task fetched batches and a collector on the producer; the test driver gives it single records
 * and a collector that keeps what was sent. Neither is known here: the task is synchronous and does no I/O.
 */
import type { Headers, StateStore, StoreDefinition, TimestampExtractor } from '@millrace/core'
import type { LiveStore, ReadBudget, SerdeDefaults } from '@millrace/core/internal'

/**
 * Records of one partition as they lie in a fetched batch: nothing is decoded until it is asked for.
 *
 * Offsets ascend. Keys and values are views on a larger buffer or null. `protocol`'s fetched batches have this shape;
 * `singleRecord` makes one of a single record.
 */
export interface RawRecords {
  readonly count: number
  /** Offset after the last record of the batch, also after what is left out of it (control records, compacted ones). */
  readonly nextOffset: number
  offsetAt(index: number): number
  timestampAt(index: number): number
  keyAt(index: number): Uint8Array | null
  valueAt(index: number): Uint8Array | null
  headersAt(index: number): Headers
}

/** A record whose partition cannot be chosen yet. */
export interface DeferredRecord {
  readonly topic: string
  /** Several: one copy to each. Undefined: the default partitioner. */
  choose(this: void, partitionCount: number): number | readonly number[] | undefined
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly timestampMs: number | null
  readonly headers: Headers
}

/**
 * Where a task's output goes. Synchronous: the worker's implementation appends to the producer's accumulator and deals
 * with acknowledgements and refusals itself; what it throws fails the task.
 */
export interface RecordCollector {
  /**
   * Bytes belong to the collector from now on; nobody writes into them again.
   *
   * @param topic real name, with the application id where it is internal
   * @param partition null: the default partitioner chooses (Java's: murmur2 of the key, sticky for null keys)
   * @param timestampMs null: written without a timestamp (changelogs of suppress and grace buffers)
   */
  send(
    topic: string,
    partition: number | null,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
    headers: Headers,
  ): void
  /**
   * As `send`, for a topic whose partitions are not known yet (its name was chosen per record): the choice is made when
   * they are, in the order of the records, and not later than the next commit.
   */
  sendWhenKnown(record: DeferredRecord): void
  /** The partition that Java's default partitioner chooses for these key bytes; for keys whose end does not count. */
  partitionFor(topic: string, key: Uint8Array): number
  /** Number of partitions of a topic, for partitioners of sinks; undefined when the topic is not known. */
  partitionCount(topic: string): number | undefined
  /** False for a whole number that is no partition of this topic; absent: all below `partitionCount` are. */
  hasPartition?(topic: string, partition: number): boolean
}

/** How far a task has come in one input partition. */
export interface PartitionPosition {
  readonly topic: string
  readonly partition: number
  /** Offset of the next record to process. */
  readonly offset: number
  /** Commit metadata: Kafka's TopicPartitionMetadata (partition time), base64. */
  readonly metadata: string
}

/** The changelog of one store of a task. */
export interface TaskChangelog {
  /** Real topic name, with the application id where it is internal. */
  readonly topic: string
  readonly partition: number
  /** True when the changelog is a source topic (optimised source tables, read-only stores): restored up to the committed offset. */
  readonly isSource: boolean
  readonly definition: StoreDefinition
  readonly store: LiveStore
}

/** Resolved settings of a task; all that depends on options. */
export interface TaskSettings {
  /** Share of dirty cache bytes for this task; 0 = caching off. */
  readonly cacheBytesMax: number
  /** Memory in which disk stores keep rows so as not to read them again; default: a budget for each store. */
  readonly readBudget?: ReadBudget
  /** Serdes of sources, sinks and stores that have none of their own. */
  readonly serdes: SerdeDefaults
  /** Extractor of sources that have none of their own. */
  readonly timestampExtractor: TimestampExtractor
  /** `errors.dead.letter.queue.topic.name`; null = none. */
  readonly deadLetterTopic: string | null
  /** `processing.exception.handler.global.enabled` */
  readonly processingHandlerGlobal: boolean
  /** Any property by Kafka's name, for operators (emission throttles); undefined when not set. */
  config(name: string): string | number | boolean | undefined
}

/** Stores outside the task that its processors may read: those of the global task. */
export type GlobalStores = (name: string) => StateStore | undefined

/** Counters of a task; names are Kafka's (`dropped-records-total`). */
export interface TaskMetrics {
  count(name: string, delta: number): void
}
