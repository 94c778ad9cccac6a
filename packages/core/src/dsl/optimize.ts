/**
 * One repartition topic in place of several: groupings and joins that follow one change of key share the topic of the first
 * of them, right behind the node that changes the key.
 *
 * Only where nothing in between changes values, because the topic would then hold other values than each of them wants.
 * Explicit `repartition()` stays. Behind `merge` all inputs must qualify.
 *
 * @see KIP-295, `topology.optimization`
 */
import { TopologyError } from '../errors.ts'
import type { SerdeSpec } from '../topology/serde-spec.ts'
import type { Plan } from './plan.ts'
import type { PlanNode } from './plan-node.ts'
import { RepartitionPlanNode } from './repartition-node.ts'
import { repartitionSpec } from './repartition-names.ts'

export type OptimizationName = 'reuse.ktable.source.topics' | 'merge.repartition.topics' | 'single.store.self.join'

const all: readonly OptimizationName[] = [
  'reuse.ktable.source.topics',
  'merge.repartition.topics',
  'single.store.self.join',
]

/**
 * The names in a value of `topology.optimization`: `none`, `all`, or a list.
 *
 * @throws {MR_TOPOLOGY_OPTIMIZATION} an unknown name
 */
export function optimizationsOf(value: string | readonly string[] | undefined): ReadonlySet<OptimizationName> {
  const names = (typeof value === 'string' ? value.split(',') : (value ?? [])).map((name) => name.trim())
  if (names.length === 0 || (names.length === 1 && names[0] === 'none')) return new Set()
  if (names.length === 1 && names[0] === 'all') return new Set(all)
  for (const name of names)
    if (!all.includes(name as OptimizationName))
      throw new TopologyError('MR_TOPOLOGY_OPTIMIZATION', { value: String(value) })
  return new Set(names as OptimizationName[])
}

type Test = (node: PlanNode) => boolean

/** Follows the plan while it grows: which repartition topics hang below which change of key. */
export class RepartitionMerging {
  readonly #topics: Map<PlanNode, Set<RepartitionPlanNode>> = new Map()
  readonly #merges: Set<PlanNode> = new Set()

  /** Called for each node when it is added to the plan. */
  added(node: PlanNode): void {
    if (node.keyChanging) this.#topics.set(node, new Set())
    else if (node instanceof RepartitionPlanNode) {
      if (!node.spec.optimizable) return
      const changer = nearest(node, (above) => above.keyChanging || above.valueChanging)
      if (changer !== null && changer === nearest(node, (above) => above.keyChanging))
        this.#topics.get(changer)?.add(node)
    } else if (node.merges) this.#merges.add(node)
  }

  /** Rewrites the plan. */
  merge(plan: Plan): void {
    this.#moveBelowMerges()
    for (const [changer, topics] of this.#topics) {
      const [first] = topics
      if (first === undefined) continue
      const one = new RepartitionPlanNode({
        ...repartitionSpec(plan, first.spec.topic),
        key: firstSerde(topics, 'key'),
        value: firstSerde(topics, 'value'),
        partitioner: null,
        partitions: null,
        optimizable: true,
      })
      one.priority = changer.priority
      for (const topic of topics) replace(plan, topic, { changer, one })
      changer.addChild(one)
    }
  }

  /** A merge stands for the changes of key above it, if all their topics lie below it. */
  #moveBelowMerges(): void {
    const moved = new Map<PlanNode, Set<RepartitionPlanNode>>()
    const removed = new Set<PlanNode>()
    for (const merge of this.#merges) {
      const below = new Set<RepartitionPlanNode>()
      for (const [changer, topics] of this.#topics) {
        if (![...topics].every((topic) => nearest(topic, (node) => node.parents.has(merge)) !== null)) continue
        if (nearest(merge, (node) => node.parents.has(changer)) === null) continue
        for (const topic of topics) below.add(topic)
        removed.add(changer)
      }
      moved.set(merge, below)
    }
    for (const [merge, topics] of moved) this.#topics.set(merge, topics)
    for (const changer of removed) this.#topics.delete(changer)
  }
}

function replace(plan: Plan, topic: RepartitionPlanNode, { changer, one }: { changer: PlanNode; one: PlanNode }): void {
  const child = nearest(topic, (node) => node.parents.has(changer) || node.parents.has(one))
  if (child !== null && child.parents.has(changer)) {
    one.addChild(child)
    changer.removeChild(child)
  }
  const parents = Array.from(topic.parents)
  for (const below of Array.from(topic.children)) {
    topic.removeChild(below)
    for (const parent of parents) parent.addChild(below)
  }
  for (const parent of parents) parent.removeChild(topic)
  for (const group of plan.builder.copartitioned) if (group.delete(topic.name)) group.add(one.name)
}

/** The node itself or the nearest above that passes; of several ways up, the last one decides, as in Kafka. */
function nearest(node: PlanNode, test: Test): PlanNode | null {
  if (test(node)) return node
  let found: PlanNode | null = null
  for (const parent of node.parents) {
    if (test(parent)) return parent
    found = nearest(parent, test)
  }
  return found
}

function firstSerde(topics: Iterable<RepartitionPlanNode>, part: 'key' | 'value'): SerdeSpec {
  for (const { spec } of topics) if (spec[part] !== null) return spec[part]
  return null
}
