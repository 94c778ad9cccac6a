/** The ops of api `dsl`: each calls one method of the DSL on the result of an earlier op. */
import {
  GlobalKTable,
  KGroupedStream,
  KGroupedTable,
  KStream,
  KTable,
  StreamsBuilder,
  type Topology,
} from '@millrace/core'
import { bareTopic } from '@millrace/core/internal'
import { buildProperties } from './configuration.ts'
import { CogroupedResult, cogroupedOp, groupedOp, groupedTableOp, WindowedResult, windowedOp } from './dsl-group-ops.ts'
import { streamJoin } from './dsl-join-ops.ts'
import { nameOf, serdesOf, sourceTableOptions } from './dsl-options.ts'
import { streamOp } from './dsl-stream-ops.ts'
import { DslSurroundings } from './dsl-surroundings.ts'
import { tableJoin, tableOp } from './dsl-table-ops.ts'
import { UnknownSpec } from './java-errors.ts'
import { processorOf } from './processor-suppliers.ts'
import { type OpSurroundings, reading } from './topology-ops.ts'
import type { GroupedOp, JoinOp, Op, SourceOp, StreamOp, TableOp, TopologyOp } from './vector-ops.ts'
import type { Vector } from './vector.ts'

/** @param branches takes the sorted keys of each `split` */
export function buildDslOps(vector: Vector, surroundings: OpSurroundings, branches: string[][]): Topology {
  const properties = buildProperties(vector)
  const builder = new StreamsBuilder(vector.builderConfig === true ? { properties } : {})
  const shared = new DslSurroundings(surroundings.trace, surroundings.stores, branches)
  let last: unknown
  vector.topology.forEach((op, i) => {
    surroundings.at = i
    const made = sourceOp(builder, op, shared) ?? resultOp(op, last, shared)
    if (made === undefined || made === builder) return
    last = made
    shared.bind('id' in op ? op.id : undefined, made)
  })
  surroundings.at = -1
  return builder.build(vector.buildWithConfig === false ? {} : { properties })
}

/** Ops on the builder itself; the builder where the op has no result, undefined for other ops. */
function sourceOp(builder: StreamsBuilder, op: Op, { stores, library }: DslSurroundings): unknown {
  const source = op as SourceOp | TopologyOp
  switch (source.op) {
    case 'stream': {
      const options = { ...nameOf(source), ...streamReading(source) }
      if (source.pattern !== undefined) {
        return builder.stream(new RegExp(source.pattern), { ...options, ...nullableSerdes(source) } as never)
      }
      const topics = source.topics ?? [source.topic]
      return builder.stream(
        topics.map((topic) => bareTopic(topic, serdesOf(source) as never)),
        options,
      )
    }
    case 'table':
    case 'globalTable': {
      const topic = bareTopic(source.topic, serdesOf(source) as never)
      return builder[source.op](topic, { ...streamReading(source), ...sourceTableOptions(source) })
    }
    case 'addStateStore':
      return builder.addStateStore(stores.get(source.store))
    case 'addGlobalStore':
      return builder.addGlobalStore(stores.get(source.store), bareTopic(source.topic, serdesOf(source) as never), {
        ...nameOf(source),
        ...streamReading(source),
        processor: processorOf(source.processor, library),
      })
    case 'addProcessor':
    case 'addReadOnlyStateStore':
    case 'addSink':
    case 'addSource':
    case 'connectProcessorAndStateStores':
    default:
      return undefined
  }
}

/** Extractor and offset reset, as the DSL takes them. */
function streamReading(op: object): object {
  const { offsetReset, ...rest } = reading(op) as { readonly offsetReset?: string | { readonly durationMs: number } }
  if (offsetReset === undefined) return rest
  return { ...rest, offsetReset: typeof offsetReset === 'string' ? offsetReset : { duration: offsetReset.durationMs } }
}

/** Serdes of a pattern's topics, which take nulls as all topics of vectors do. */
function nullableSerdes(op: object): object {
  const { key, value } = bareTopic('', serdesOf(op) as never)
  return { ...(key === null ? {} : { key }), ...(value === null ? {} : { value }) }
}

function resultOp(op: Op, last: unknown, surroundings: DslSurroundings): unknown {
  const { from, op: name } = op as { readonly from?: string; readonly op: string }
  const on = from === undefined ? last : surroundings.ref(from)
  if (name === 'join' || name === 'leftJoin' || name === 'outerJoin') return joinOp(on, op as JoinOp, surroundings)
  if (on instanceof KStream) return streamOp(on, op as StreamOp, surroundings)
  if (on instanceof KTable) return tableOp(on, op as TableOp, surroundings)
  if (on instanceof KGroupedStream) return groupedOp(on, op as GroupedOp)
  if (on instanceof WindowedResult) return windowedOp(on, op as GroupedOp)
  if (on instanceof CogroupedResult) return cogroupedOp(on, op as GroupedOp, surroundings)
  if (on instanceof KGroupedTable) return groupedTableOp(on, op as GroupedOp)
  throw new UnknownSpec(`op "${name}" on ${on instanceof GlobalKTable ? 'a global table' : String(on)}`)
}

function joinOp(left: unknown, op: JoinOp, surroundings: DslSurroundings): unknown {
  const right = surroundings.ref(op.with)
  if (left instanceof KStream) return streamJoin(left, op, right)
  if (left instanceof KTable && right instanceof KTable) return tableJoin(left, op, right)
  throw new UnknownSpec(`op "${op.op}"`)
}
