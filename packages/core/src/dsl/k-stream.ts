/**
 * A stream of records: every record is a fact of its own. Methods add operators to the plan and give the stream behind
 * them; nothing runs before the topology is built and started. Here are those that need a topic, a table, a window or a
 * store; those that look at one record at a time are inherited from `stateless-stream.ts`.
 *
 * Callbacks take `(value, key, context)` and are synchronous.
 */
import { requirePartitions } from '../topology/option-value.ts'
import { requireFunction } from '../operator/required-function.ts'
import { selectStreamKey } from '../operator/select-key.ts'
import type { FixedKeyProcessor, Processor, ProcessorSupplier, RecordContext } from '../processor/processor.ts'
import type { TopicNameExtractor } from '../topology/node.ts'
import type { TopicSink } from '../topology/topic.ts'
import { chosenKey, chosenValue } from './chosen-serde.ts'
import { GlobalKTable } from './global-k-table.ts'
import { type StreamJoinOptions, joinTwoStreams } from './join-streams.ts'
import {
  type GlobalJoinOptions,
  type StreamTableJoinOptions,
  joinWithGlobalTable,
  joinWithTable,
} from './join-stream-table.ts'
import type { KGroupedStream } from './k-grouped-stream.ts'
import type { KTable } from './k-table.ts'
import type {
  DynamicSinkOptions,
  GroupOptions,
  NotNull,
  NullOf,
  ProcessOptions,
  RepartitionOptions,
  SinkOptions,
  Sync,
  TableOptions,
} from './options.ts'
import { processorPlanNode } from './process-node.ts'
import { type StreamState, appended, repartitionNode } from './stream-state.ts'
import { type SinkTarget, writeStream } from './sink-node.ts'
import { streamToTable } from './stream-to-table.ts'
import { requireKnown } from '../known-options.ts'
import { groupOptions, processOptions, repartitionOptions, tableOptions } from './option-lists.ts'
import { StatelessStream } from './stateless-stream.ts'
import { requirePartner } from './join-partner.ts'
import { requireName } from './names.ts'

type Joined<K, L, R, VOut> = (left: L, right: R, key: K, context: RecordContext) => Sync<VOut>
type AnyJoiner = (left: never, right: never, key: never, context: never) => unknown
type JoinPartner = KStream<any, any> | KTable<any, any, any> | GlobalKTable<any, any>
type AnyJoinOptions =
  | StreamJoinOptions<any, any, any>
  | StreamTableJoinOptions<any, any>
  | GlobalJoinOptions<any, any, any>

/** Records with keys of type `K` and values of type `V`. */
export class KStream<out K, out V> extends StatelessStream<K, V> {
  /** Sends all records through a repartition topic, with as many partitions as told. It stays, also when optimizing. */
  repartition(options: RepartitionOptions<K, V> = {}): KStream<K, V> {
    requireKnown(options, repartitionOptions, 'repartition')
    const { plan } = this.state
    const key = chosenKey(options.key, this.state.key)
    const value = chosenValue(options.value, this.state.value)
    const node = repartitionNode(plan, {
      name: options.name ?? plan.nextName('KSTREAM-REPARTITION-'),
      key,
      value,
      optimizable: false,
      partitions: options.partitions === undefined ? null : requirePartitions(options.partitions),
      partitioner: options.partitioner ?? null,
      generated: options.name === undefined,
    })
    const sources = new Set([node.name])
    const known = { key: key ?? this.state.key, value: value ?? this.state.value }
    return new KStream(appended(this.state, node, { ...known, sources, repartitionRequired: false }))
  }

  /**
   * Writes the records to a topic, or to the topic that a function chooses for each. The stream ends here. Null values are
   * written as tombstones.
   */
  to(target: TopicSink<NotNull<K>, NotNull<V>>, options?: SinkOptions<K, V>): void
  to(target: TopicNameExtractor<K, V>, options?: DynamicSinkOptions<K, V>): void
  to(
    target: TopicSink<NotNull<K>, NotNull<V>> | TopicNameExtractor<K, V>,
    options: DynamicSinkOptions<K, V> = {},
  ): void {
    writeStream(this.state, target as SinkTarget, options)
  }

  /** The latest value per key, as a table: a null value deletes. Records with a null key are dropped. */
  toTable(options: TableOptions<NotNull<K>, NotNull<V>> = {}): KTable<NotNull<K>, NotNull<V>, NullOf<V>> {
    return this.state.plan.faces.table(streamToTable(this.state, requireKnown(options, tableOptions, 'toTable')))
  }

  /** Groups by the key that the records have. Records with a null key are dropped. */
  groupByKey(options: GroupOptions<NotNull<K>, NotNull<V>> = {}): KGroupedStream<NotNull<K>, V> {
    return this.#grouped(this.state, requireKnown(options, groupOptions, 'groupByKey'), this.state.key)
  }

  /** Groups by another key, through a repartition topic. Records with a null key are dropped. */
  groupBy<KOut>(
    selector: (value: V, key: K, context: RecordContext) => Sync<KOut>,
    options: GroupOptions<NotNull<KOut>, NotNull<V>> = {},
  ): KGroupedStream<NotNull<KOut>, V> {
    requireKnown(options, groupOptions, 'groupBy')
    const rekeyed = this.append('KSTREAM-KEY-SELECT-', options, selectStreamKey(selector as never, 'groupBy'), {
      rekeys: true,
    })
    return this.#grouped(rekeyed.state, options, null)
  }

  /**
   * Joins each record with the records of the other stream around its time, with the row of a table that has its key, or
   * with the row of a global table by another key.
   *
   * @example
   * run(({ texts, users }) => texts.join(users, (text, name) => `${name}: ${text}`), ['users', 'u', 'Ada'], ['texts', 'u', 'hi'])
   * // → [["u","Ada: hi"]]
   */
  join<VO, VOut>(
    other: KStream<NotNull<K>, VO> | KStream<NotNull<K> | null, VO>,
    joiner: Joined<NotNull<K>, NotNull<V>, NotNull<VO>, VOut>,
    options: StreamJoinOptions<NotNull<K>, NotNull<V>, NotNull<VO>>,
  ): KStream<NotNull<K>, VOut>
  join<VO, VOut>(
    table: KTable<NotNull<K>, VO, any>,
    joiner: Joined<NotNull<K>, NotNull<V>, VO, VOut>,
    options?: StreamTableJoinOptions<NotNull<K>, NotNull<V>>,
  ): KStream<NotNull<K>, VOut>
  join<KG, VO, VOut>(
    table: GlobalKTable<KG, VO>,
    joiner: Joined<K, NotNull<V>, VO, VOut>,
    options: GlobalJoinOptions<K, V, KG>,
  ): KStream<K, VOut>
  join(other: JoinPartner, joiner: AnyJoiner, options: AnyJoinOptions = {}): KStream<any, any> {
    return this.#join('inner', { other, joiner }, options)
  }

  /** As `join`; records without a partner are joined with null. */
  leftJoin<VO, VOut>(
    other: KStream<NotNull<K>, VO> | KStream<NotNull<K> | null, VO>,
    joiner: Joined<K, NotNull<V>, NotNull<VO> | null, VOut>,
    options: StreamJoinOptions<NotNull<K>, NotNull<V>, NotNull<VO>>,
  ): KStream<K, VOut>
  leftJoin<VO, VOut>(
    table: KTable<NotNull<K>, VO, any>,
    joiner: Joined<K, NotNull<V>, VO | null, VOut>,
    options?: StreamTableJoinOptions<NotNull<K>, NotNull<V>>,
  ): KStream<K, VOut>
  leftJoin<KG, VO, VOut>(
    table: GlobalKTable<KG, VO>,
    joiner: Joined<K, NotNull<V>, VO | null, VOut>,
    options: GlobalJoinOptions<K, V, KG>,
  ): KStream<K, VOut>
  leftJoin(other: JoinPartner, joiner: AnyJoiner, options: AnyJoinOptions = {}): KStream<any, any> {
    return this.#join('left', { other, joiner }, options)
  }

  /** As `leftJoin` of two streams, and records of the other one without a partner are joined with null too. */
  outerJoin<VO, VOut>(
    other: KStream<NotNull<K>, VO> | KStream<NotNull<K> | null, VO>,
    joiner: Joined<K, NotNull<V> | null, NotNull<VO> | null, VOut>,
    options: StreamJoinOptions<NotNull<K>, NotNull<V>, NotNull<VO>>,
  ): KStream<K, VOut> {
    return this.#join('outer', { other, joiner: joiner as AnyJoiner }, options)
  }

  /**
   * Runs a processor of your own, which may forward any records. Groupings and joins behind it go through a repartition
   * topic; when the key stays, use `processValues`.
   */
  process<KOut, VOut>(
    supplier: ProcessorSupplier<Processor<K, V, KOut, VOut>>,
    options: ProcessOptions = {},
  ): KStream<KOut, VOut> {
    const { name: given, stores = [] } = requireKnown(options, processOptions, 'process')
    const name = given === undefined ? this.state.plan.nextName('KSTREAM-PROCESSOR-') : requireName(given)
    const node = processorPlanNode(name, supplier, { stores, fixedKey: false })
    return new KStream(appended(this.state, node, { key: null, value: null, repartitionRequired: true }))
  }

  /** Runs a processor of your own that changes values only; its context refuses records with another key. */
  processValues<VOut>(
    supplier: ProcessorSupplier<FixedKeyProcessor<K, V, VOut>>,
    options: ProcessOptions = {},
  ): KStream<K, VOut> {
    const { name: given, stores = [] } = requireKnown(options, processOptions, 'processValues')
    const name = given === undefined ? this.state.plan.nextName('KSTREAM-PROCESSVALUES-') : requireName(given)
    const node = processorPlanNode(name, supplier, { stores, fixedKey: true })
    return new KStream(appended(this.state, node, { value: null }))
  }

  #join(
    kind: 'inner' | 'left' | 'outer',
    { other, joiner }: { other: JoinPartner; joiner: AnyJoiner },
    options: AnyJoinOptions,
  ): KStream<any, any> {
    const stream = this.state
    const left = kind !== 'inner'
    const where = kind === 'inner' ? 'join' : `${kind}Join`
    const accepted = kind === 'outer' ? 'a stream' : 'a stream, a table or a global table'
    const partner = other instanceof GlobalKTable ? other.globalState : other?.state
    requirePartner(other, partner, { where, accepted, plan: stream.plan })
    requireFunction(where, joiner)
    if (other instanceof KStream)
      return new KStream(joinTwoStreams({ kind, left: stream, right: other.state, joiner }, options as never))
    if (other instanceof GlobalKTable)
      return new KStream(joinWithGlobalTable({ stream, table: other.globalState, left, joiner }, options as never))
    return new KStream(joinWithTable({ stream, table: other.state, left, joiner }, options as never))
  }

  #grouped(state: StreamState, options: GroupOptions<any, any>, key: StreamState['key']): KGroupedStream<any, V> {
    return state.plan.faces.groupedStream({
      ...state,
      key: chosenKey(options.key, key),
      value: chosenValue(options.value, state.value),
      groupName: options.name ?? null,
    })
  }
}
