/** Sinks: from what `to` is given to the plan. Windowed keys choose their partition by the plain key alone, as in Kafka. */
import { requireKnown } from '../known-options.ts'
import type { TopicNameExtractor } from '../topology/node.ts'
import { requireTopic, type Topic } from '../topology/topic.ts'
import type { SinkSpec } from '../topology/topology-builder.ts'
import { chosenKey, chosenValue } from './chosen-serde.ts'
import { dynamicSinkOptions, sinkOptions } from './option-lists.ts'
import type { DynamicSinkOptions } from './options.ts'
import { PlanNode } from './plan-node.ts'
import type { StreamState } from './stream-state.ts'

/** A typed topic, or a function that chooses one for each record. */
export type SinkTarget = Topic<unknown, unknown> | TopicNameExtractor<never, never>

/** Ends a stream in a sink. Serdes are those of the topic, else those given, else those of the stream. */
export function writeStream(state: StreamState, target: SinkTarget, options: DynamicSinkOptions<any, any>): void {
  if (typeof target !== 'function') requireTopic(target, 'to')
  const typed = typeof target === 'function' ? null : target
  const bringsSerdes = typed !== null && typed.key !== null && typed.value !== null
  requireKnown(options, bringsSerdes ? sinkOptions : dynamicSinkOptions, 'to')
  const { plan } = state
  const name = plan.nameOr(options.name, 'KSTREAM-SINK-')
  const node = sinkNode(name, {
    topic: typeof target === 'function' ? target : target.name,
    key: typed?.key ?? chosenKey(options.key, null) ?? state.key,
    value: typed?.value ?? chosenValue(options.value, null) ?? state.value,
    partitioner: options.partitioner ?? null,
  })
  plan.add(state.node, node)
}

export function sinkNode(name: string, spec: SinkSpec): PlanNode {
  const key = spec.key ?? null
  const partitionSuffix = key !== null && 'windowSuffix' in key ? (key.windowSuffix ?? 0) : 0
  return new PlanNode(name, (builder, parents) => builder.addSink(name, parents, { ...spec, partitionSuffix }))
}
