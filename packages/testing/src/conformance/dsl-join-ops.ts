/** Joins of a KStream: with a stream, a table, a global table. */
import { GlobalKTable, KStream, KTable, type StoreType } from '@millrace/core'
import { joinWindows } from '@millrace/core/internal'
import { configuredSerdes, nameOf, serdesOf, storeSupplier } from './dsl-options.ts'
import { valueFirst } from './dsl-stream-ops.ts'
import { expression } from './expression.ts'
import { joiner } from './functions.ts'
import { UnknownSpec } from './java-errors.ts'
import { serde } from './serdes.ts'
import type { JoinOp, JoinStore, StreamJoined, StreamTableJoined } from './vector-ops.ts'
import type { JoinWindow } from './vector-parts.ts'

/** The join methods, whatever they join. */
export type Joins = Readonly<Record<JoinOp['op'], (...args: readonly unknown[]) => unknown>>

export function streamJoin(left: KStream<any, any>, op: JoinOp, right: unknown): unknown {
  const join = joiner(op.joiner)
  const joins = left as unknown as Joins
  const joined = (one: unknown, other: unknown, key: unknown): unknown =>
    join(op.withKey === true ? key : null, one, other)
  if (right instanceof KStream) {
    const options = { ...window(op.window as JoinWindow), ...streamJoined(op.joined as StreamJoined | undefined) }
    return joins[op.op](right, joined, options)
  }
  if (op.op === 'outerJoin') throw new UnknownSpec('outerJoin of a stream and a table')
  if (right instanceof KTable) {
    return joins[op.op](right, joined, tableJoined(op.joined as StreamTableJoined | undefined))
  }
  if (!(right instanceof GlobalKTable) || op.key === undefined) throw new UnknownSpec(`op "${op.op}"`)
  return joins[op.op](right, joined, { ...nameOf(op), key: valueFirst(expression(op.key)) })
}

/** Java sets both sides first and then changes one: each step is checked for itself, as there. */
function window({ diff, grace, before, after, legacy }: JoinWindow): object {
  const { graceMs } = joinWindows({ within: diff, ...(legacy === true ? { eager: true } : {}) })
  if (before !== undefined) joinWindows({ before, after: diff })
  return {
    ...(before === undefined && after === undefined
      ? { within: diff }
      : { before: before ?? diff, after: after ?? diff }),
    ...(legacy === true ? { grace: grace ?? graceMs, eager: true } : grace === undefined ? {} : { grace }),
  }
}

function streamJoined(joined: StreamJoined = {}): object {
  const { otherValueSerde, storeName, logging, storeType, thisStore, otherStore } = joined
  const types: Readonly<Record<string, StoreType>> = { 'in-memory': 'memory', rocksdb: 'disk' }
  return {
    ...nameOf(joined),
    ...configuredSerdes(joined, true),
    otherValue: otherValueSerde === undefined ? null : serde(otherValueSerde),
    ...(storeName === undefined ? {} : { store: storeName }),
    ...(logging === undefined ? {} : { logging }),
    ...(storeType === undefined ? {} : { type: types[storeType] }),
    ...(thisStore === undefined ? {} : { thisStore: joinStore(thisStore) }),
    ...(otherStore === undefined ? {} : { otherStore: joinStore(otherStore) }),
  }
}

function joinStore(store: JoinStore): object {
  return { ...storeSupplier(store), name: store.name }
}

function tableJoined(joined: StreamTableJoined = {}): object {
  const { grace } = joined
  return { ...nameOf(joined), ...serdesOf(joined), ...(grace === undefined ? {} : { grace }) }
}
