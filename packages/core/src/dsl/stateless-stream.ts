/**
 * The operators of a stream that look at one record at a time and keep nothing, and those that split and merge streams.
 * What needs a topic, a table, a window or a store is in `k-stream.ts`, whose class extends this one.
 */
import { filterStream } from '../operator/filter.ts'
import { flatMapStream } from '../operator/flat-map.ts'
import { flatMapStreamValues } from '../operator/flat-map-values.ts'
import { foreachStream } from '../operator/foreach.ts'
import { mapStream } from '../operator/map.ts'
import { mapStreamValues } from '../operator/map-values.ts'
import { passThrough } from '../operator/pass-through.ts'
import { peekStream } from '../operator/peek.ts'
import { printStream } from '../operator/print.ts'
import { selectStreamKey } from '../operator/select-key.ts'
import type { Processor, RecordContext } from '../processor/processor.ts'
import { type BranchCondition, type Branches, splitStream } from './branches.ts'
import type { NameOptions, PrintStreamOptions, Sync } from './options.ts'
import type { PlanNode } from './plan-node.ts'
import { type StreamState, appended, keyKeeping, processorNode } from './stream-state.ts'
import { requireKnown } from '../known-options.ts'
import { nameOptions, printOptions } from './option-lists.ts'
import type { KStream } from './k-stream.ts'
import { requireFunctions } from '../operator/required-function.ts'
import { requirePartner } from './join-partner.ts'

type Pair = readonly [unknown, unknown]
type KeyOf<R> = R extends readonly [infer K, unknown] ? K : never
type ValueOf<R> = R extends readonly [unknown, infer V] ? V : never

/** Records with keys of type `K` and values of type `V`, as operators without state see them. */
export class StatelessStream<out K, out V> {
  /** @internal */
  readonly state: StreamState

  /** @internal */
  constructor(state: StreamState) {
    this.state = state
  }

  /**
   * Keeps the records for which the predicate holds. A type guard narrows the values.
   *
   * @example
   * run(({ numbers }) => numbers.filter((value) => value > 10), ['numbers', 'a', 5], ['numbers', 'b', 20])
   * // → [["b",20]]
   */
  filter<VOut extends V>(
    predicate: (value: V, key: K, context: RecordContext) => value is VOut,
    options?: NameOptions,
  ): KStream<K, VOut>
  filter(predicate: (value: V, key: K, context: RecordContext) => boolean, options?: NameOptions): KStream<K, V>
  filter(predicate: (value: V, key: K, context: RecordContext) => boolean, options?: NameOptions): KStream<K, V> {
    return this.append('KSTREAM-FILTER-', named(options, 'filter'), filterStream(predicate))
  }

  /** Keeps the records for which the predicate does not hold. */
  filterNot(predicate: (value: V, key: K, context: RecordContext) => boolean, options?: NameOptions): KStream<K, V> {
    return this.append('KSTREAM-FILTER-', named(options, 'filterNot'), filterStream(predicate, true))
  }

  /**
   * One record to one with another key and value. Groupings and joins behind it go through a repartition topic; when the
   * key stays, use `mapValues`.
   *
   * @example
   * run(({ texts }) => texts.map((value, key) => [value, key]), ['texts', 'a', 'x'])
   * // → [["x","a"]]
   */
  map<R extends Pair | PromiseLike<unknown>>(
    mapper: (value: V, key: K, context: RecordContext) => Sync<R>,
    options?: NameOptions,
  ): KStream<KeyOf<R>, ValueOf<R>> {
    return this.append('KSTREAM-MAP-', named(options, 'map'), mapStream(mapper as never), {
      rekeys: true,
      value: null,
    })
  }

  /** One value to one value; the key stays, and so does the partition. */
  mapValues<VOut>(
    mapper: (value: V, key: K, context: RecordContext) => Sync<VOut>,
    options?: NameOptions,
  ): KStream<K, VOut> {
    return this.append('KSTREAM-MAPVALUES-', named(options, 'mapValues'), mapStreamValues(mapper as never), {
      value: null,
    })
  }

  /** One record to any number of records, as an iterable of pairs of key and value. Rekeys, as `map` does. */
  flatMap<R extends Pair>(
    mapper: (value: V, key: K, context: RecordContext) => Iterable<R>,
    options?: NameOptions,
  ): KStream<KeyOf<R>, ValueOf<R>> {
    return this.append('KSTREAM-FLATMAP-', named(options, 'flatMap'), flatMapStream(mapper as never), {
      rekeys: true,
      value: null,
    })
  }

  /** One value to any number of values with the same key. */
  flatMapValues<VOut>(
    mapper: (value: V, key: K, context: RecordContext) => Iterable<VOut>,
    options?: NameOptions,
  ): KStream<K, VOut> {
    return this.append(
      'KSTREAM-FLATMAPVALUES-',
      named(options, 'flatMapValues'),
      flatMapStreamValues(mapper as never),
      { value: null },
    )
  }

  /** Another key for each record, null allowed. Groupings and joins behind it go through a repartition topic. */
  selectKey<KOut>(
    selector: (value: V, key: K, context: RecordContext) => Sync<KOut>,
    options?: NameOptions,
  ): KStream<KOut, V> {
    return this.append('KSTREAM-KEY-SELECT-', named(options, 'selectKey'), selectStreamKey(selector as never), {
      rekeys: true,
    })
  }

  /** Looks at each record and passes it on. */
  peek<R>(action: (value: V, key: K, context: RecordContext) => Sync<R>, options?: NameOptions): KStream<K, V> {
    return this.append('KSTREAM-PEEK-', named(options, 'peek'), peekStream(action as never))
  }

  /** Calls the action for each record; the stream ends here. */
  foreach<R>(action: (value: V, key: K, context: RecordContext) => Sync<R>, options?: NameOptions): void {
    this.append('KSTREAM-FOREACH-', named(options, 'foreach'), foreachStream(action as never))
  }

  /** Writes one line of text per record, `[label]: key, value`; the stream ends here. */
  print(options: PrintStreamOptions<K, V>): void {
    const label =
      requireFunctions('print', requireKnown(options, printOptions, 'print'), ['write']).label ?? this.state.name
    this.append('KSTREAM-PRINTER-', options, printStream<K, V>({ ...options, label }))
  }

  /**
   * Several streams out of one: each record goes to the first branch whose condition holds; the branch with the condition
   * `true` gets the rest, without one the rest is dropped.
   *
   * @throws {MR_TOPOLOGY_UNSUPPORTED} two branches take the rest
   * @example
   * run(({ numbers }) => numbers.split({ odd: (n) => n % 2 === 1, even: true }).odd, ['numbers', 'a', 1], ['numbers', 'b', 2])
   * // → [["a",1]]
   */
  split<const C extends Readonly<Record<string, BranchCondition<K, V>>>>(
    conditions: C & { readonly [Name in keyof C]: BranchCondition<K, V> },
    options: NameOptions = {},
  ): Branches<K, V, C> {
    const branches = Object.entries(
      splitStream(this.state, conditions as never, requireKnown(options, nameOptions, 'split')),
    )
    return Object.fromEntries(branches.map(([name, state]) => [name, this.state.plan.faces.stream(state)])) as never
  }

  /** The records of both, interleaved; order between the two is not promised. */
  merge<K2, V2>(other: KStream<K2, V2>, options: NameOptions = {}): KStream<K | K2, V | V2> {
    const { plan, sources } = this.state
    requirePartner(other, other?.state, { where: 'merge', accepted: 'a stream', plan })
    const name = plan.nameOr(requireKnown(options, nameOptions, 'merge').name, 'KSTREAM-MERGE-')
    const node = processorNode({ name, create: () => passThrough<unknown, unknown>()() })
    node.merges = true
    plan.add([this.state.node, other.state.node], node)
    return plan.faces.stream({
      ...this.state,
      name,
      node,
      key: null,
      value: null,
      sources: new Set([...sources, ...other.state.sources]),
      repartitionRequired: this.state.repartitionRequired || other.state.repartitionRequired,
    })
  }

  /** @internal One operator of one node below this stream. */
  protected append(
    prefix: string,
    options: NameOptions | undefined,
    supplier: () => Processor<never, never, never, never>,
    change: { readonly rekeys?: true; readonly value?: null } = {},
  ): KStream<any, any> {
    const name = this.state.plan.nameOr(options?.name, prefix)
    const node: PlanNode = processorNode({ name, create: () => supplier() as never, keepsKey: keyKeeping.has(prefix) })
    node.keyChanging = change.rekeys === true
    node.valueChanging = change.rekeys !== true && change.value === null
    return this.state.plan.faces.stream(
      appended(this.state, node, {
        ...(change.rekeys === true ? { key: null, repartitionRequired: true } : {}),
        ...(change.value === null ? { value: null } : {}),
      }),
    )
  }
}

function named(options: NameOptions | undefined, operator: string): NameOptions | undefined {
  return requireKnown(options, nameOptions, operator)
}
