/** Ops on a KStream, except joins. */
import type { BranchCondition, KStream } from '@millrace/core'
import { bareTopic } from '@millrace/core/internal'
import { configuredSerdes, isGrouped, nameOf, serdesOf, storedTableOptions } from './dsl-options.ts'
import type { DslSurroundings } from './dsl-surroundings.ts'
import { expression } from './expression.ts'
import { partitioner, topicNameExtractor } from './extractors.ts'
import { listFunction, predicate } from './functions.ts'
import { illegalState, UnknownSpec } from './java-errors.ts'
import { fixedKeyProcessorOf, processorOf } from './processor-suppliers.ts'
import { text } from './text.ts'
import { provided } from './topology-ops.ts'
import type { Branch, DefaultBranch, StreamOp, TableOp } from './vector-ops.ts'

type Stream = KStream<any, any>
/** What KStream and KTable both have. */
type SharedOp = Extract<TableOp, { op: 'filter' | 'filterNot' | 'mapValues' | 'groupBy' }>
type Split = Extract<StreamOp, { op: 'split' }>

/** @returns undefined for an op without a result */
export function streamOp(stream: Stream, op: StreamOp | SharedOp, surroundings: DslSurroundings): unknown {
  switch (op.op) {
    case 'filter':
    case 'filterNot':
      return stream[op.op](valueFirst(predicate(op.predicate)), nameOf(op))
    case 'map':
      return stream.map(pairMapper(op) as never, nameOf(op))
    case 'selectKey':
      return stream.selectKey(valueFirst(expression(op.key)), nameOf(op))
    case 'mapValues': {
      const mapped = expression(op.value)
      return stream.mapValues((value, key) => mapped(op.withKey === true ? key : null, value), nameOf(op))
    }
    case 'flatMap':
      return stream.flatMap(pairsMapper(op) as never, nameOf(op))
    case 'flatMapValues':
      return stream.flatMapValues(valuesMapper(op) as never, nameOf(op))
    case 'peek':
      return stream.peek(tracing(op, surroundings.trace), nameOf(op))
    case 'foreach':
      return stream.foreach(tracing(op, surroundings.trace), nameOf(op))
    case 'split':
      return split(stream, op, surroundings)
    case 'merge':
      return stream.merge(surroundings.ref(op.with) as Stream, nameOf(op))
    case 'to':
      return sink(stream, op)
    case 'toTable':
      return stream.toTable(storedTableOptions(op))
    case 'groupByKey':
      return stream.groupByKey({ ...nameOf(op), ...configuredSerdes(op, isGrouped(op)) })
    case 'groupBy':
      return stream.groupBy(valueFirst(expression(op.key as string)), {
        ...nameOf(op),
        ...configuredSerdes(op, isGrouped(op)),
      })
    case 'repartition':
      return repartition(stream, op)
    case 'process':
    case 'processValues':
      return process(stream, op, surroundings)
    default:
      throw new UnknownSpec(`op "${(op as { readonly op: string }).op}" on a stream`)
  }
}

function repartition(stream: Stream, op: Extract<StreamOp, { op: 'repartition' }>): Stream {
  const partitions = op.partitions === undefined ? {} : { partitions: op.partitions }
  // The value serde is passed on, that of the key is not.
  return stream.repartition({ ...nameOf(op), key: null as never, ...serdesOf(op), ...partitions })
}

function process(
  stream: Stream,
  op: Extract<StreamOp, { op: 'process' | 'processValues' }>,
  { stores, library }: DslSurroundings,
): Stream {
  const options = { ...nameOf(op), stores: op.stores ?? [] }
  const brought = provided(op.provides, stores)
  if (op.op === 'process')
    return stream.process({ create: processorOf(op.processor, library), stores: brought }, options)
  return stream.processValues({ create: fixedKeyProcessorOf(op.processor, library), stores: brought }, options)
}

function sink(stream: Stream, op: Extract<StreamOp, { op: 'to' }>): void {
  const chosen = op.partitioner === undefined ? {} : { partitioner: partitioner(op.partitioner) }
  const options = { ...nameOf(op), ...serdesOf(op), ...chosen }
  if (op.topicName !== undefined) stream.to(topicNameExtractor(op.topicName), options)
  else stream.to(bareTopic(op.topic), options)
}

function pairsMapper(op: Extract<StreamOp, { op: 'flatMap' }>): (value: unknown, key: unknown) => unknown {
  const elements = listFunction(op.list)
  const key = expression(op.key ?? 'value')
  return (value, oldKey) => elements(value)?.map((element) => [key(oldKey, element), element]) ?? null
}

function valuesMapper(op: Extract<StreamOp, { op: 'flatMapValues' }>): (value: unknown, key: unknown) => unknown {
  const elements = listFunction(op.list)
  if (op.withKey !== true) return (value) => elements(value)
  return (value, key) => elements(value)?.map((element) => `${text(key)}:${text(element)}`)
}

/** The DSL gives the value first, the function library takes the key first. */
export function valueFirst<R>(run: (key: unknown, value: unknown) => R): (value: unknown, key: unknown) => R {
  return (value, key) => run(key, value)
}

/** `map` and a table's `groupBy`: a new key and value, each unchanged when absent. */
export function pairMapper(op: {
  key?: string
  value?: string
  returnsNull?: true
}): (value: unknown, key: unknown) => readonly [unknown, unknown] | null {
  const newKey = op.key === undefined ? null : expression(op.key)
  const newValue = op.value === undefined ? null : expression(op.value)
  return (value, key) => {
    if (op.returnsNull === true) return null
    return [newKey === null ? key : newKey(key, value), newValue === null ? value : newValue(key, value)]
  }
}

function tracing(
  op: Extract<StreamOp, { op: 'peek' | 'foreach' }>,
  trace: DslSurroundings['trace'],
): (value: unknown, key: unknown) => void {
  const label = op.label ?? op.op
  return (value, key) => {
    if (op.throwIf !== undefined && value !== null && text(value) === op.throwIf) {
      throw illegalState(`throw-if:${text(value)}`)
    }
    trace.add(`${label} ${text(key)}=${text(value)}`)
  }
}

/** All forms of a branch bind its id to the branch; forms other than `plain` leave it out of the result map or not. */
function split(stream: Stream, op: Split, surroundings: DslSurroundings): void {
  const all: (Branch | DefaultBranch)[] = [...op.branches, ...(op.default === undefined ? [] : [op.default])]
  const conditions = all.map((branch, i): [string, BranchCondition<any, any>] => {
    const when = 'predicate' in branch ? valueFirst(predicate(branch.predicate)) : true
    return [`b${i}`, { when, name: branch.name ?? null }]
  })
  const made = stream.split(Object.fromEntries(conditions), nameOf(op)) as Readonly<Record<string, Stream>>
  const keys: string[] = []
  all.forEach((branch, i) => {
    const result = made[`b${i}`] as Stream
    surroundings.bind(branch.id, result)
    const inMap = branch.form === undefined || branch.form === 'plain' || branch.form === 'function'
    if (inMap) keys.push((result as unknown as { readonly state: { readonly name: string } }).state.name)
  })
  surroundings.branches.push([...new Set(keys)].toSorted())
}
