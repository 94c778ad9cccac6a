/** Ops on groupings: of streams, with windows or without, cogrouped, and of tables. */
import {
  type CogroupedKStream,
  hopping,
  type KGroupedStream,
  type KGroupedTable,
  session,
  sliding,
  tumbling,
  unlimited,
} from '@millrace/core'
import { namedTableOptions, tableOptions } from './dsl-options.ts'
import type { DslSurroundings } from './dsl-surroundings.ts'
import { aggregator, merger } from './functions.ts'
import { UnknownSpec } from './java-errors.ts'
import type { GroupedOp } from './vector-ops.ts'
import type { Windows } from './vector-parts.ts'

export type Grouped = KGroupedStream<any, any>
/** Windows of any kind; the DSL's types tell them apart, a vector's op only when it runs. */
export interface AnyWindows {
  readonly kind: string
}

/** `(aggregate, value, key)` from a library function `f(key, value, aggregate)`. */
export function adding(spec: string): (aggregate: unknown, value: unknown, key: unknown) => unknown {
  const run = aggregator(spec)
  return (aggregate, value, key) => run(key, value, aggregate)
}

/** Reducers see no key: aggregate first, value second. */
export function reducing(spec: string): (aggregate: unknown, value: unknown) => unknown {
  const run = aggregator(spec)
  return (aggregate, value) => run(null, value, aggregate)
}

/** A session merger `f(key, one, two)` as `(one, two, key)`. */
export function merging(spec: string): (one: unknown, two: unknown, key: unknown) => unknown {
  const run = merger(spec)
  return (one, two, key) => run(key, one, two)
}

export function windows(spec: Windows): AnyWindows {
  const grace = 'grace' in spec && spec.grace !== undefined ? { grace: spec.grace } : {}
  switch (spec.type) {
    case 'time':
      return spec.advance === undefined
        ? tumbling(spec.size, grace)
        : hopping(spec.size, { ...grace, advance: spec.advance })
    case 'sliding':
      return sliding(spec.diff, grace)
    case 'session':
      return session(spec.gap, grace)
    case 'unlimited':
      return unlimited(spec.start === undefined ? {} : { start: spec.start })
  }
}

/** A grouped stream cut into windows: emission is chosen by a later op, so the grouping is kept. */
export class WindowedResult {
  readonly grouped: Grouped
  readonly windows: AnyWindows
  readonly emit: 'update' | 'close'
  /** What the DSL made of it; made at once, so that its refusals belong to this op. */
  readonly made: ReturnType<Grouped['windowedBy']>

  constructor(grouped: Grouped, chosen: AnyWindows, emit: 'update' | 'close') {
    this.grouped = grouped
    this.windows = chosen
    this.emit = emit
    this.made = grouped.windowedBy(chosen as never, { emit })
  }
}

/** Cogrouped streams: the DSL wants the initializer first, the vector gives it last. */
export class CogroupedResult {
  readonly inputs: readonly (readonly [grouped: Grouped, aggregator: string])[]
  readonly windows: AnyWindows | undefined

  constructor(inputs: CogroupedResult['inputs'], chosen?: AnyWindows) {
    this.inputs = inputs
    this.windows = chosen
  }

  aggregate(init: unknown, merge: string | undefined, options: object): unknown {
    const [[first, firstAdder] = [], ...others] = this.inputs
    let cogrouped: CogroupedKStream<any, any, any> = (first as Grouped).cogroup({
      init: () => init,
      add: adding(firstAdder as string),
    }) as unknown as CogroupedKStream<any, any, any>
    for (const [grouped, adder] of others)
      cogrouped = cogrouped.cogroup(grouped, adding(adder)) as unknown as typeof cogrouped
    if (this.windows === undefined) return cogrouped.aggregate(options)
    const merger = merge === undefined ? {} : { merge: merging(merge) }
    return (cogrouped.windowedBy(this.windows as never) as { aggregate(options: object): unknown }).aggregate({
      ...options,
      ...merger,
    })
  }
}

/** Kafka passes no key serde of the inputs on to a cogroup. */
function storedCogroup(op: object): object {
  const options = tableOptions(op)
  return { ...options, materialized: { key: null, ...options.materialized } }
}

export function groupedOp(grouped: Grouped, op: GroupedOp): unknown {
  switch (op.op) {
    case 'count':
      return grouped.count(tableOptions(op))
    case 'reduce':
      return grouped.reduce(reducing(op.reducer as string) as never, namedTableOptions(op) as never)
    case 'aggregate':
      return grouped.aggregate({
        ...namedTableOptions(op),
        init: () => op.init,
        add: adding(op.aggregator as string) as never,
      } as never)
    case 'windowedBy':
      return new WindowedResult(grouped, windows(op.window), 'update')
    case 'cogroup':
      return new CogroupedResult([[grouped, op.aggregator]])
    case 'emitStrategy':
      throw new UnknownSpec('emitStrategy on a grouped stream')
  }
}

export function windowedOp(result: WindowedResult, op: GroupedOp): unknown {
  const stream = result.made as unknown as {
    count(options: object): unknown
    reduce(reducer: unknown, options: object): unknown
    aggregate(options: object): unknown
  }
  switch (op.op) {
    case 'emitStrategy':
      return new WindowedResult(result.grouped, result.windows, op.on === 'windowClose' ? 'close' : 'update')
    case 'count':
      return stream.count(tableOptions(op))
    case 'reduce':
      return stream.reduce(reducing(op.reducer as string), tableOptions(op))
    case 'aggregate':
      return stream.aggregate({
        ...tableOptions(op),
        init: () => op.init,
        add: adding(op.aggregator as string),
        ...('merger' in op && op.merger !== undefined ? { merge: merging(op.merger) } : {}),
      })
    case 'windowedBy':
    case 'cogroup':
      throw new UnknownSpec(`op "${op.op}" on a windowed stream`)
  }
}

export function cogroupedOp(result: CogroupedResult, op: GroupedOp, surroundings: DslSurroundings): unknown {
  switch (op.op) {
    case 'cogroup': {
      const other = surroundings.ref(op.with as string) as Grouped
      return new CogroupedResult([...result.inputs, [other, op.aggregator]], result.windows)
    }
    case 'windowedBy':
      return new CogroupedResult(result.inputs, windows(op.window))
    case 'aggregate':
      return result.aggregate(op.init, 'merger' in op ? op.merger : undefined, storedCogroup(op))
    case 'count':
    case 'reduce':
    case 'emitStrategy':
      throw new UnknownSpec(`op "${op.op}" on a cogrouped stream`)
  }
}

export function groupedTableOp(grouped: KGroupedTable<any, any>, op: GroupedOp): unknown {
  switch (op.op) {
    case 'count':
      return grouped.count(tableOptions(op))
    case 'reduce':
      return grouped.reduce({
        ...namedTableOptions(op),
        add: reducing(op.adder as string) as never,
        subtract: reducing(op.subtractor as string) as never,
      })
    case 'aggregate':
      return grouped.aggregate({
        ...tableOptions(op),
        init: () => op.init,
        add: adding(op.adder as string),
        subtract: adding(op.subtractor as string),
      } as never)
    case 'cogroup':
    case 'windowedBy':
    case 'emitStrategy':
      throw new UnknownSpec(`op "${op.op}" on a grouped table`)
  }
}
