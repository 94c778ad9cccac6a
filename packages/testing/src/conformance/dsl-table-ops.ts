/** Ops on a KTable, with joins of two tables. */
import type { KeyValueStore, KTable, ValueTransformer } from '@millrace/core'
import { nameOf, serdesOf, storedTableOptions, tableOptions } from './dsl-options.ts'
import type { Joins } from './dsl-join-ops.ts'
import { pairMapper, valueFirst } from './dsl-stream-ops.ts'
import type { DslSurroundings } from './dsl-surroundings.ts'
import { expression } from './expression.ts'
import { joiner, predicate } from './functions.ts'
import { UnknownSpec } from './java-errors.ts'
import { text } from './text.ts'
import { provided } from './topology-ops.ts'
import type { JoinOp, TableOp, ValueTransformer as TransformerSpec } from './vector-ops.ts'

type Table = KTable<any, any, any>

/** @returns undefined for an op without a result */
export function tableOp(table: Table, op: TableOp, surroundings: DslSurroundings): unknown {
  switch (op.op) {
    case 'filter':
      return table.filter(valueFirst(predicate(op.predicate)), storedTableOptions(op))
    case 'filterNot':
      return table.filterNot(valueFirst(predicate(op.predicate)), storedTableOptions(op))
    case 'mapValues': {
      const mapped = expression(op.value)
      return table.mapValues((value, key) => mapped(op.withKey === true ? key : null, value), storedTableOptions(op))
    }
    case 'transformValues': {
      const stores = provided(op.provides, surroundings.stores)
      const supplier = { create: (): Transformer => new Transformer(op.transformer), stores }
      return table.transformValues(supplier, { ...storedTableOptions(op), stores: op.stores ?? [] })
    }
    case 'toStream':
      if (op.key === undefined) return table.toStream(nameOf(op))
      return table.toStream({ ...nameOf(op), key: valueFirst(expression(op.key)) as never })
    case 'suppress':
      return suppress(table, op)
    case 'groupBy':
      return table.groupBy(pairMapper(op) as never, { ...nameOf(op), ...serdesOf(op) })
    case 'queryableStoreName':
      surroundings.trace.add(`queryableStoreName ${table.queryableStoreName}`)
      return undefined
    default:
      throw new UnknownSpec(`op "${(op as { readonly op: string }).op}" on a table`)
  }
}

/** Joins of two tables, by equal keys or by a foreign key. */
export function tableJoin(left: Table, op: JoinOp, right: Table): unknown {
  const join = joiner(op.joiner)
  const joins = left as unknown as Joins
  if (op.foreignKey !== undefined) {
    if (op.op === 'outerJoin') throw new UnknownSpec('a foreign-key outerJoin')
    const extract = expression(op.foreignKey)
    const foreignKey = (value: unknown, key: unknown): unknown => extract(op.withKey === true ? key : null, value)
    const name = op.joined?.name
    return joins[op.op](right, {
      ...tableOptions({ ...op, name }),
      foreignKey,
      joiner: (one: unknown, other: unknown) => join(null, one, other),
    })
  }
  const joined = (one: unknown, other: unknown): unknown => join(null, one, other)
  return joins[op.op](right, joined, tableOptions(op))
}

class Transformer implements ValueTransformer<unknown, unknown, unknown> {
  private readonly spec: TransformerSpec
  private store: KeyValueStore<unknown, number> | null = null

  constructor(spec: TransformerSpec) {
    this.spec = spec
  }

  init(context: Parameters<NonNullable<ValueTransformer<unknown, unknown, unknown>['init']>>[0]): void {
    if (this.spec.use === 'count') this.store = context.getStateStore<KeyValueStore<unknown, number>>(this.spec.store)
  }

  transform(value: unknown, key: unknown): unknown {
    if (this.spec.use === 'expr') return expression(this.spec.value)(key, value)
    const count = (this.store?.get(key) ?? 0) + 1
    this.store?.put(key, count)
    return `${text(value)}#${count}`
  }
}

function suppress(table: Table, op: Extract<TableOp, { op: 'suppress' }>): unknown {
  const limits = {
    ...nameOf(op),
    ...(op.maxRecords === undefined ? {} : { maxRecords: Math.max(0, op.maxRecords) }),
    ...(op.maxBytes === undefined ? {} : { maxBytes: Math.max(0, op.maxBytes) }),
    ...(op.logging === undefined ? {} : { logging: op.logging }),
  }
  if (op.until === 'windowCloses') return table.suppress({ ...limits, until: 'window-close' } as never)
  const whenFull = op.full === 'shutDown' ? 'stop' : 'emit'
  return table.suppress({ ...limits, until: op.ms, whenFull })
}
