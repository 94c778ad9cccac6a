/** A sink in the plan. Windowed keys choose their partition by the plain key alone, as in Kafka's DSL. */
import type { SinkSpec } from '../topology/topology-builder.ts'
import { PlanNode } from './plan-node.ts'

export function sinkNode(name: string, spec: SinkSpec): PlanNode {
  const key = spec.key ?? null
  const partitionSuffix = key !== null && 'windowSuffix' in key ? (key.windowSuffix ?? 0) : 0
  return new PlanNode(name, (builder, parents) => builder.addSink(name, parents, { ...spec, partitionSuffix }))
}
