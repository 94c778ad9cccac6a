/** Joins of a stream with a table of equal keys, or with a global table by a key of its own. */
import { TopologyError } from '../errors.ts'
import { joinStreamGlobalTable, joinStreamTable } from '../operator/join-stream-table.ts'
import type { RecordContext } from '../processor/processor.ts'
import type { Serde } from '../serde/serde.ts'
import type { SerdeOrSchema } from '../serde/standard-schema.ts'
import { type Duration, durationMs } from '../time/duration.ts'
import type { StoreSpec } from '../topology/store-spec.ts'
import type { TopologyBuilder } from '../topology/topology-builder.ts'
import { chosenKey, chosenValue } from './chosen-serde.ts'
import type { GlobalTableState } from './global-k-table.ts'
import { repartitioned } from './join-streams.ts'
import type { NameOptions } from './options.ts'
import { PlanNode } from './plan-node.ts'
import { type StreamState, type TableState, appended, copartition, processorNode } from './stream-state.ts'
import { requireKnown } from '../known-options.ts'
import { globalJoinOptions, streamTableJoinOptions } from './option-lists.ts'
import { requireFunctions } from '../operator/required-function.ts'

/** A join of a stream with a table (Kafka: `Joined`). `name` is also that of the repartition topic. */
export interface StreamTableJoinOptions<K, V> extends NameOptions {
  readonly key?: SerdeOrSchema<K>
  readonly value?: SerdeOrSchema<V>
  /**
   * Records wait this long for the table to catch up, in stream time; the table must be versioned and remember at least
   * that much (KIP-923).
   */
  readonly grace?: Duration
}

/** A join of a stream with a global table. */
export interface GlobalJoinOptions<K, V, KG> extends NameOptions {
  /** Key of the table's row that a record meets; null = none. */
  key(this: void, value: V, key: K, context: RecordContext): KG | null
}

type AnyJoiner = (left: never, right: never, key: never, context: never) => unknown

/** @throws {MR_OPERATOR_GRACE_UNVERSIONED} grace, but the table is not versioned */
export function joinWithTable(
  request: { stream: StreamState; table: TableState; left: boolean; joiner: AnyJoiner },
  options: StreamTableJoinOptions<any, any>,
): StreamState {
  const { table, left } = request
  requireKnown(options, streamTableJoinOptions, left ? 'leftJoin' : 'join')
  // equal keys must have equal bytes on both sides: a re-keyed stream takes the table's serde
  const key = chosenKey(options.key, request.stream.key ?? table.key)
  const value = chosenValue(options.value, null)
  const stream = repartitioned(request.stream, { base: options.name, suffix: '', key, value })
  const { plan } = stream
  const sources = copartition(stream, [table])
  const name = plan.nameOr(options.name, left ? 'KSTREAM-LEFTJOIN-' : 'KSTREAM-JOIN-')
  const graceMs = options.grace === undefined ? null : durationMs(options.grace, 'join.grace')
  const buffer = graceMs === null ? null : `${name}-Buffer`
  if (graceMs !== null && buffer !== null) {
    if (table.node.outputVersioned === false) throw new TopologyError('MR_OPERATOR_GRACE_UNVERSIONED', { buffer })
    if (options.name === undefined) plan.generatedNames.stores.set(buffer, true)
    plan.addStore(bufferStore(buffer, graceMs, { key: key ?? stream.key, value: value ?? stream.value }))
  }
  const rows = table.supplier.valueGetterSupplier()
  const supplier = joinStreamTable({ table: rows, left, joiner: request.joiner as never, buffer })
  const node = new PlanNode(name, (builder, parents) => {
    builder.addProcessor(name, parents, { create: () => supplier() })
    if (buffer !== null) builder.connect(name, buffer)
    for (const store of rows.storeNames) builder.connect(name, store)
    if (graceMs !== null && buffer !== null)
      for (const store of rows.storeNames) requireHistory(builder, { store, graceMs, buffer })
  })
  node.nullKeyRelaxed = left
  return appended(stream, node, { key: key ?? stream.key, value: null, sources, repartitionRequired: false })
}

export function joinWithGlobalTable(
  request: { stream: StreamState; table: GlobalTableState; left: boolean; joiner: AnyJoiner },
  options: GlobalJoinOptions<any, any, any>,
): StreamState {
  const { stream, table, left } = request
  const name = stream.plan.nameOr(options.name, 'KSTREAM-LEFTJOIN-')
  const where = left ? 'leftJoin' : 'join'
  const { key } = requireFunctions(where, requireKnown(options, globalJoinOptions, where), ['key'])
  const supplier = joinStreamGlobalTable({ table: table.rows, left, key, joiner: request.joiner as never })
  const node = processorNode({ name, create: () => supplier() })
  node.nullKeyRelaxed = left
  return appended(stream, node, { value: null })
}

/** @throws {MR_OPERATOR_GRACE_UNVERSIONED} {MR_TOPOLOGY_GRACE} */
function requireHistory(
  builder: TopologyBuilder,
  { store, graceMs, buffer }: { store: string; graceMs: number; buffer: string },
): void {
  const historyMs = builder.stores.get(store)?.spec.historyMs ?? null
  if (historyMs === null) throw new TopologyError('MR_OPERATOR_GRACE_UNVERSIONED', { buffer })
  if (graceMs > historyMs) throw new TopologyError('MR_TOPOLOGY_GRACE', { store, graceMs, historyMs })
}

function bufferStore(
  name: string,
  graceMs: number,
  { key, value }: { key: Serde<unknown> | null; value: Serde<unknown> | null },
): StoreSpec {
  return {
    name,
    given: null,
    define: () => ({
      kind: 'join-buffer',
      name,
      key,
      value,
      type: 'disk',
      caching: false,
      cachingChosen: true,
      logging: true,
      retentionMs: graceMs,
    }),
  }
}
