/**
 * The nodes of a topology brought to life for one task: one live node per planned node, each with a context that knows
 * its children. Used by tasks of sub-topologies and by the global task.
 */
import type { BuiltTopology, ProcessorNode as ProcessorPlan, TopologyNode } from '@millrace/core/internal'
import { LiveSource } from './live-source.ts'
import { FixedKeyContext, type LiveNode, NodeContext, type StoreAccess } from './processor-context.ts'
import { ProcessorNode } from './processor-node.ts'
import type { Punctuations } from './punctuation.ts'
import { SinkNode } from './record-collector.ts'
import type { TaskState } from './task-state.ts'

export interface GraphPlan {
  readonly topology: BuiltTopology
  /** Names of the nodes, in the order in which they were added to the topology. */
  readonly nodes: readonly string[]
  readonly state: TaskState
  readonly stores: StoreAccess
  readonly punctuations: Punctuations
  /** False: errors of processors are not shown to the processing handler. */
  readonly handlesErrors: boolean
}

export interface Graph {
  readonly sources: readonly LiveSource[]
  /** In the order of initialising and closing. */
  readonly processors: readonly ProcessorNode[]
}

/** @throws {MR_CONFIG_SERDE} if a source or sink has no serde */
export function buildGraph(plan: GraphPlan): Graph {
  const planned = plan.nodes.map((name) => plan.topology.node(name))
  const live = new Map<string, LiveNode>()
  const contexts = new Map<string, NodeContext>()
  const sources: LiveSource[] = []
  const processors: ProcessorNode[] = []
  const topicNames = (topic: string): string => plan.topology.topicName(topic, plan.state.applicationId)
  for (const node of planned) {
    if (node.kind === 'sink') {
      live.set(node.name, new SinkNode(node, plan.state, topicNames))
      continue
    }
    const context = contextOf(node, plan)
    contexts.set(node.name, context)
    if (node.kind === 'source') sources.push(new LiveSource(node, plan.state, { context, topicNames }))
    else {
      const processor = new ProcessorNode(node, plan.state, context, plan.handlesErrors)
      processors.push(processor)
      live.set(node.name, processor)
    }
  }
  for (const node of planned) contexts.get(node.name)?.connect(childrenOf(node, live))
  return { sources, processors }
}

function contextOf(node: TopologyNode, plan: GraphPlan): NodeContext {
  const { state, stores, punctuations } = plan
  if (node.kind === 'processor' && (node as ProcessorPlan).fixedKey) {
    return new FixedKeyContext(node.name, state, stores, punctuations)
  }
  return new NodeContext(node.name, state, stores, punctuations)
}

function childrenOf(node: TopologyNode, live: ReadonlyMap<string, LiveNode>): LiveNode[] {
  const children: LiveNode[] = []
  for (const name of node.children) {
    const child = live.get(name)
    if (child !== undefined) children.push(child)
  }
  return children
}
