/**
 * A table: the latest value per key, and every change of it. A null value is a deletion, so rows are never null; the third
 * type says whether `toStream()` can show deletions.
 */
import { TopologyError } from '../errors.ts'
import { requireFunction, requireFunctions } from '../operator/required-function.ts'
import { filterTable } from '../operator/table-filter.ts'
import { mapTableValues } from '../operator/table-map-values.ts'
import { selectTable } from '../operator/table-select.ts'
import { tableToStream } from '../operator/table-to-stream.ts'
import { type ValueTransformer, transformTableValues } from '../operator/table-transform-values.ts'
import type { ProcessorSupplier, RecordContext } from '../processor/processor.ts'
import type { Windowed } from '../record/windowed.ts'
import type { StoreHandle } from '../store/definition.ts'
import { creator, storesOf } from '../topology/supplier.ts'
import { givenStore } from '../topology/store-spec.ts'
import { chosenKey, chosenValue } from './chosen-serde.ts'
import { type DerivedTableSpec, deriveTable } from './derive-table.ts'
import { joinOnForeignKey } from './join-foreign-key.ts'
import { joinTwoTables } from './join-tables.ts'
import type { KGroupedTable } from './k-grouped-table.ts'
import type { KStream } from './k-stream.ts'
import type { GroupOptions, NameOptions, NotNull, NullOf, Sync, TableOptions } from './options.ts'
import { type TableState, processorNode } from './stream-state.ts'
import { type SuppressUntilClose, type SuppressUntilTime, suppressedTable } from './suppress.ts'
import { requireKnown } from '../known-options.ts'
import {
  foreignKeyOptions,
  groupOptions,
  suppressOptions,
  tableOptions,
  toStreamOptions,
  transformOptions,
} from './option-lists.ts'
import { requirePartner } from './join-partner.ts'

/** Options of `toStream`: with `key` the stream gets other keys, as by `selectKey`. */
export interface ToStreamOptions<K, V, KOut> extends NameOptions {
  key(this: void, value: V, key: K, context: RecordContext): Sync<KOut>
}

/** Options of `transformValues`. */
export interface TransformOptions<K, V> extends TableOptions<K, V> {
  /** Stores that the transformer uses, by name or handle; they are added elsewhere. */
  readonly stores?: readonly (string | StoreHandle<any, any>)[]
}

/** Options of a join by foreign key. `name` is also the base of the internal topics' names. */
export interface ForeignKeyJoinOptions<K, V, KO, VO, VOut> extends TableOptions<K, NotNull<VOut>> {
  /** Key of the other table's row that a row refers to; null = none. */
  foreignKey(this: void, value: V, key: K, context: RecordContext): KO | null
  joiner(this: void, left: V, right: VO, key: K, context: RecordContext): Sync<VOut>
}

type TableJoiner<K, L, R, VOut> = (left: L, right: R, key: K, context: RecordContext) => Sync<VOut>

/** Rows with keys of type `K` and values of type `V`; `Deleted` is null if rows can disappear, else never. */
export class KTable<out K, out V, out Deleted = null> {
  /** @internal */
  readonly state: TableState
  declare protected readonly rows: readonly [K, V, Deleted]

  /** @internal */
  constructor(state: TableState) {
    this.state = state
  }

  /** Name of the store under which the table can be queried; null when it was not named (joins: when they have none). */
  get queryableStoreName(): string | null {
    return this.state.queryableName
  }

  /** Rows for which the predicate holds; when a row stops to do so, it is deleted. */
  filter(
    predicate: (value: V, key: K, context: RecordContext) => boolean,
    options: TableOptions<K, V> = {},
  ): KTable<K, V, null> {
    return this.#filter(predicate, requireKnown(options, tableOptions, 'filter'), false)
  }

  /** Rows for which the predicate does not hold. */
  filterNot(
    predicate: (value: V, key: K, context: RecordContext) => boolean,
    options: TableOptions<K, V> = {},
  ): KTable<K, V, null> {
    return this.#filter(predicate, requireKnown(options, tableOptions, 'filterNot'), true)
  }

  /** One value to one value; null deletes. The mapper never sees deletions. */
  mapValues<VOut>(
    mapper: (value: V, key: K, context: RecordContext) => Sync<VOut>,
    options: TableOptions<K, NotNull<VOut>> = {},
  ): KTable<K, NotNull<VOut>, Deleted | NullOf<VOut>> {
    return this.#derive(requireKnown(options, tableOptions, 'mapValues'), {
      prefix: 'KTABLE-MAPVALUES-',
      value: null,
      burnsNumber: true,
      supplier: (store) => mapTableValues({ parent: this.state.supplier, mapper: mapper as never, store }),
    })
  }

  /** As `mapValues`, by a transformer that may keep state of its own; it also sees deletions, as null. */
  transformValues<VOut>(
    transformer: ProcessorSupplier<ValueTransformer<K, V, VOut>>,
    options: TransformOptions<K, NotNull<VOut>> = {},
  ): KTable<K, NotNull<VOut>, null> {
    requireKnown(options, transformOptions, 'transformValues')
    const { plan, supplier } = this.state
    const brought = storesOf(transformer)
    for (const store of brought) plan.addStore(givenStore(store))
    const stores = [...brought, ...(options.stores ?? [])].map((store) =>
      typeof store === 'string' ? store : store.name,
    )
    const create = creator(transformer, 'A transformer')
    return this.#derive(options, {
      prefix: 'KTABLE-TRANSFORMVALUES-',
      value: null,
      burnsNumber: false,
      reads: stores,
      supplier: (store) => transformTableValues({ parent: supplier, transformer: create, store }),
    })
  }

  /**
   * Every change as a record: the new value, or null for a deletion. With `key` the stream gets other keys.
   *
   * @example
   * run(({ users }) => users.toStream({ key: (name) => name ?? 'nobody' }), ['users', 'u1', 'Ada'], ['users', 'u1', null])
   * // → [["Ada","Ada"],["nobody",null]]
   */
  toStream(options?: NameOptions): KStream<K, V | Deleted>
  toStream<KOut>(options: ToStreamOptions<K, V | Deleted, KOut>): KStream<KOut, V | Deleted>
  toStream(options: NameOptions & Partial<ToStreamOptions<any, any, any>> = {}): KStream<any, V | Deleted> {
    requireKnown(options, toStreamOptions, 'toStream')
    const { plan, key, value, sources } = this.state
    const name = plan.nameOr(options.name, 'KTABLE-TOSTREAM-')
    const supplier = tableToStream<K, V>()
    const node = processorNode({ name, create: () => supplier(), keepsKey: true })
    plan.add(this.state.node, node)
    const stream = plan.faces.stream({ plan, name, node, key, value, sources, repartitionRequired: false })
    return options.key === undefined ? stream : stream.selectKey(options.key as never)
  }

  /**
   * Holds changes back: until their window has closed, so that only final results go on, or until a time has passed.
   *
   * @throws {MR_TOPOLOGY_UNSUPPORTED} until window-close below a table without windows
   * @throws {MR_TOPOLOGY_VERSIONED} the table is versioned
   * @example
   * run(
   *   ({ texts }) => texts.groupByKey().windowedBy(tumbling('1m')).count().suppress({ until: 'window-close' }),
   *   ['texts', 'a', 'x', 0],
   *   ['texts', 'a', 'y', 60_000],
   * )
   * // → [["a@0..60000",1]]
   */
  suppress(options: SuppressUntilTime): KTable<K, V, Deleted>
  suppress(this: KTable<Windowed<any>, V, Deleted>, options: SuppressUntilClose): KTable<K, V, never>
  suppress(options: SuppressUntilClose | SuppressUntilTime): any {
    return new KTable(suppressedTable(this.state, requireKnown(options, suppressOptions, 'suppress')))
  }

  /** Groups rows by something else than their key, through a repartition topic. Null leaves the row out. */
  groupBy<KOut, VOut>(
    selector: (value: V, key: K, context: RecordContext) => readonly [KOut, VOut] | null,
    options: GroupOptions<NotNull<KOut>, NotNull<VOut>> = {},
  ): KGroupedTable<NotNull<KOut>, NotNull<VOut>> {
    const { plan, sources } = this.state
    const name = plan.nameOr(requireKnown(options, groupOptions, 'groupBy').name, 'KTABLE-SELECT-')
    const supplier = selectTable(selector as never)
    const node = processorNode({ name, create: () => supplier.create() })
    node.enableVersioned = () => {
      supplier.useVersionedSemantics = true
    }
    plan.add(this.state.node, node)
    this.state.supplier.enableSendOldValues(true)
    const key = chosenKey(options.key, null)
    const value = chosenValue(options.value, null)
    return plan.faces.groupedTable({ plan, name, node, key, value, sources, groupName: options.name ?? null })
  }

  /**
   * Joins rows with equal keys; with `foreignKey` a row with the row of the other table that it refers to.
   *
   * @example
   * run(
   *   ({ texts, users }) =>
   *     texts.toTable().join(users, { foreignKey: (user) => user, joiner: (user, name) => `${user} is ${name}` }),
   *   ['users', 'u1', 'Ada'],
   *   ['texts', 'house', 'u1'],
   * )
   * // → [["house","u1 is Ada"]]
   */
  join<VO, DO, VOut>(
    other: KTable<K, VO, DO>,
    joiner: TableJoiner<K, V, VO, VOut>,
    options?: TableOptions<K, NotNull<VOut>>,
  ): KTable<K, NotNull<VOut>, Deleted | DO | NullOf<VOut>>
  join<KO, VO, VOut>(
    other: KTable<KO, VO, any>,
    options: ForeignKeyJoinOptions<K, V, KO, VO, VOut>,
  ): KTable<K, NotNull<VOut>, null>
  join(other: KTable<any, any, any>, second: unknown, options: TableOptions<any, any> = {}): KTable<K, any, any> {
    return this.#join('inner', other, second, options)
  }

  /** As `join`; rows without a partner are joined with null. */
  leftJoin<VO, DO, VOut>(
    other: KTable<K, VO, DO>,
    joiner: TableJoiner<K, V, VO | null, VOut>,
    options?: TableOptions<K, NotNull<VOut>>,
  ): KTable<K, NotNull<VOut>, Deleted | NullOf<VOut>>
  leftJoin<KO, VO, VOut>(
    other: KTable<KO, VO, any>,
    options: ForeignKeyJoinOptions<K, V, KO, VO | null, VOut>,
  ): KTable<K, NotNull<VOut>, Deleted | NullOf<VOut>>
  leftJoin(other: KTable<any, any, any>, second: unknown, options: TableOptions<any, any> = {}): KTable<K, any, any> {
    return this.#join('left', other, second, options)
  }

  /** As `leftJoin`, and rows of the other table without a partner are joined with null too. */
  outerJoin<VO, DO, VOut>(
    other: KTable<K, VO, DO>,
    joiner: TableJoiner<K, V | null, VO | null, VOut>,
    options: TableOptions<K, NotNull<VOut>> = {},
  ): KTable<K, NotNull<VOut>, Deleted | DO | NullOf<VOut>> {
    return this.#join('outer', other, joiner, options)
  }

  #filter(
    predicate: (value: V, key: K, context: RecordContext) => boolean,
    options: TableOptions<K, V>,
    negate: boolean,
  ): KTable<K, V, null> {
    return this.#derive(options, {
      prefix: 'KTABLE-FILTER-',
      value: this.state.value,
      burnsNumber: true,
      supplier: (store) => filterTable({ parent: this.state.supplier, predicate: predicate as never, negate, store }),
    })
  }

  #derive(options: TableOptions<any, any>, spec: DerivedTableSpec): KTable<any, any, any> {
    return new KTable(deriveTable(this.state, options, spec))
  }

  #join(
    kind: 'inner' | 'left' | 'outer',
    other: KTable<any, any, any>,
    second: unknown,
    options: TableOptions<any, any>,
  ): KTable<any, any, any> {
    const operator = kind === 'inner' ? 'join' : `${kind}Join`
    requirePartner(other, other?.state, { where: operator, accepted: 'a table', plan: this.state.plan })
    const [left, right] = [this.state, other.state]
    requireKnown(options, tableOptions, operator)
    if (typeof second === 'function')
      return new KTable(
        joinTwoTables({ kind, left, right, joiner: requireFunction(operator, second) as never }, options),
      )
    const given = second as ForeignKeyJoinOptions<never, never, never, never, never>
    requireFunctions(operator, requireKnown(given, foreignKeyOptions, operator), ['foreignKey', 'joiner'])
    if (kind === 'outer')
      throw new TopologyError('MR_TOPOLOGY_UNSUPPORTED', {
        what: 'outerJoin by a foreign key',
        reason: 'a row of the other table may have no row here whose key the result could have; use leftJoin',
      })
    const { foreignKey, joiner, name } = given
    return new KTable(joinOnForeignKey({ left, right, outer: kind === 'left', foreignKey, joiner, name }, given))
  }
}
