/**
 * What stands behind the public classes of the DSL: where they hang in the plan, which serdes are known, whether the key
 * may have changed. The public classes hold one each and know nothing else.
 */
import type { TableSupplier } from '../operator/table-supplier.ts'
import type { ProcessorNode } from '../topology/node.ts'
import type { Serde } from '../serde/serde.ts'
import { PlanNode } from './plan-node.ts'
import type { Plan } from './plan.ts'
import { RepartitionPlanNode, type RepartitionSpec } from './repartition-node.ts'
import { repartitionSpec } from './repartition-names.ts'

/** Behind a stream, a grouped stream and what is made of it. */
export interface StreamState {
  readonly plan: Plan
  readonly name: string
  readonly node: PlanNode
  /** Null: unknown, the default is taken. */
  readonly key: Serde<unknown> | null
  readonly value: Serde<unknown> | null
  /** Source nodes above in the same sub-topology. */
  readonly sources: ReadonlySet<string>
  /** True: the key may have changed, so groupings and joins go through a repartition topic. */
  readonly repartitionRequired: boolean
}

/** Behind a table. */
export interface TableState {
  readonly plan: Plan
  readonly name: string
  readonly node: PlanNode
  readonly key: Serde<unknown> | null
  readonly value: Serde<unknown> | null
  readonly sources: ReadonlySet<string>
  /** Null: the table cannot be queried. */
  readonly queryableName: string | null
  readonly supplier: TableSupplier<any, any>
}

/** What an operator of one node puts into the plan. */
export interface StatelessSpec {
  readonly name: string
  readonly create: ProcessorNode['create']
  /** True where Kafka has a fixed-key processor: a wrapper gets it as one. */
  readonly keepsKey?: boolean
}

/** Prefixes of the operators that are fixed-key processors in Kafka. */
export const keyKeeping: ReadonlySet<string> = new Set([
  'KSTREAM-FILTER-',
  'KSTREAM-MAPVALUES-',
  'KSTREAM-FLATMAPVALUES-',
  'KSTREAM-PEEK-',
])

/** A plan node that writes one processor. */
export function processorNode({ name, create, keepsKey = false }: StatelessSpec): PlanNode {
  return new PlanNode(name, (builder, parents) => builder.addProcessor(name, parents, { create, keepsKey }))
}

/** Adds one processor below a stream. The changes say what the new stream does not inherit. */
export function appended(
  state: StreamState,
  node: PlanNode,
  changes: Partial<Pick<StreamState, 'key' | 'value' | 'repartitionRequired' | 'sources'>>,
): StreamState {
  state.plan.add(state.node, node)
  return { ...state, ...changes, name: node.name, node }
}

/** How a repartition topic is made. */
export interface RepartitionRequest {
  /** Base of the topic's name. */
  readonly name: string
  readonly key: Serde<unknown> | null
  readonly value: Serde<unknown> | null
  readonly optimizable: boolean
  readonly partitions?: number | null
  readonly partitioner?: RepartitionSpec['partitioner']
  /** True: the name was made up, which `ensure.explicit.internal.resource.naming` refuses. */
  readonly generated: boolean
}

/** A repartition topic for the plan; the caller adds it. Uses up three numbers. */
export function repartitionNode(plan: Plan, request: RepartitionRequest): RepartitionPlanNode {
  const names = repartitionSpec(plan, request.name)
  if (request.generated) plan.generatedNames.repartition.add(names.topic)
  return new RepartitionPlanNode({
    ...names,
    key: request.key,
    value: request.value,
    optimizable: request.optimizable,
    partitions: request.partitions ?? null,
    partitioner: request.partitioner ?? null,
  })
}

/** Registers that the inputs of two streams or tables must have equal partition counts. @returns all their sources */
export function copartition(
  one: Pick<StreamState, 'plan' | 'sources'>,
  others: readonly { sources: ReadonlySet<string> }[],
): ReadonlySet<string> {
  const sources = new Set(one.sources)
  for (const other of others) for (const source of other.sources) sources.add(source)
  one.plan.builder.copartition(sources)
  return sources
}
