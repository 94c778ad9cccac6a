/**
 * A repartition topic in the plan: a node that passes records on, a sink, and a source in the next sub-topology.
 *
 * Records with a null key are dropped in front of the topic, uncounted, unless a left or outer join below takes them.
 */
import { filterStream } from '../operator/filter.ts'
import { passThrough } from '../operator/pass-through.ts'
import type { Partitioner } from '../topology/node.ts'
import type { SerdeSpec } from '../topology/serde-spec.ts'
import type { TopologyBuilder } from '../topology/topology-builder.ts'
import { PlanNode } from './plan-node.ts'

export interface RepartitionSpec {
  readonly topic: string
  readonly sinkName: string
  readonly filterName: string
  readonly sourceName: string
  readonly key: SerdeSpec
  readonly value: SerdeSpec
  readonly partitioner: Partitioner<never, never> | null
  /** Given by the user, or null. */
  readonly partitions: number | null
  /** False: `repartition()`, which stays where it is. */
  readonly optimizable: boolean
}

export class RepartitionPlanNode extends PlanNode {
  readonly spec: RepartitionSpec
  dropsNullKeys = false

  constructor(spec: RepartitionSpec) {
    super(spec.sourceName, (builder, parents) => this.#writeTo(builder, parents))
    this.spec = spec
  }

  #writeTo(builder: TopologyBuilder, parents: readonly string[]): void {
    const { topic, sinkName, filterName, sourceName, key, value, partitioner, partitions } = this.spec
    const supplier = this.dropsNullKeys ? filterStream<unknown, unknown>(hasKey) : passThrough<unknown, unknown>()
    builder.addRepartitionTopic(topic, partitions)
    builder.addProcessor(filterName, parents, { create: () => supplier(), keepsKey: this.dropsNullKeys })
    builder.addSink(sinkName, [filterName], { topic, key, value, partitioner })
    builder.addSource(sourceName, { topics: [topic], key, value, timestampExtractor: 'fail' })
  }
}

/**
 * Lets repartition topics drop null keys, except where a join further down takes them.
 *
 * @see KIP-962
 */
export function dropNullKeys(root: PlanNode): void {
  const visited = new Set<PlanNode>([root])
  for (const node of visited) for (const child of node.children) visited.add(child)
  const keeping = new Set<PlanNode>()
  const open = [...visited].filter((node) => node.nullKeyRelaxed)
  for (let node = open.pop(); node !== undefined; node = open.pop())
    for (const parent of node.parents) {
      if (keeping.has(parent)) continue
      keeping.add(parent)
      open.push(parent)
    }
  for (const node of visited) if (node instanceof RepartitionPlanNode) node.dropsNullKeys = !keeping.has(node)
}

function hasKey(_value: unknown, key: unknown): boolean {
  return key !== null && key !== undefined
}
