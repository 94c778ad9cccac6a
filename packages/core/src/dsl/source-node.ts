/** Sources of the plan. Two `stream` calls on equal topics become one source when the plan is built. */
import { TopologyError } from '../errors.ts'
import type { OffsetReset } from '../topology/node.ts'
import { type SourceSpec, patternText } from '../topology/topology-builder.ts'
import { PlanNode } from './plan-node.ts'

export class SourcePlanNode extends PlanNode {
  readonly spec: SourceSpec

  constructor(name: string, spec: SourceSpec) {
    super(name, (builder) => builder.addSource(name, spec))
    this.spec = spec
  }

  /** What two sources must have in common to be one. */
  get subscription(): string {
    const { pattern, topics } = this.spec
    return pattern ? `/${pattern.source}/${pattern.flags}` : topics.join(',')
  }

  /**
   * Takes over the children of a source with the same subscription.
   *
   * @throws {MR_TOPOLOGY_OFFSET_RESET} the two begin at different places
   */
  absorb(other: SourcePlanNode): void {
    if (resetText(this.spec.offsetReset) !== resetText(other.spec.offsetReset)) {
      const { pattern, topics } = this.spec
      throw new TopologyError('MR_TOPOLOGY_OFFSET_RESET', {
        topics: pattern ? patternText(pattern) : topics.join(', '),
      })
    }
    for (const child of Array.from(other.children)) {
      other.removeChild(child)
      this.addChild(child)
    }
  }
}

/**
 * Makes one source out of all that read the same, among the children of the root.
 *
 * @throws {MR_TOPOLOGY_TOPIC_OVERLAP} two sources share some topics, but not all
 * @throws {MR_TOPOLOGY_OFFSET_RESET} they begin at different places
 */
export function mergeSources(root: PlanNode): void {
  const byTopic = new Map<string, SourcePlanNode>()
  const byPattern = new Map<string, SourcePlanNode>()
  for (const node of Array.from(root.children)) {
    if (!(node instanceof SourcePlanNode)) continue
    const known = node.spec.pattern ? byPattern : byTopic
    const keys = node.spec.pattern ? [node.subscription] : new Set(node.spec.topics)
    for (const key of keys) {
      const main = known.get(key)
      if (main === undefined) known.set(key, node)
      else if (main !== node) mergeInto(main, node, root)
    }
  }
}

function mergeInto(main: SourcePlanNode, node: SourcePlanNode, root: PlanNode): void {
  if (main.subscription !== node.subscription) {
    const [one, other] = [main.spec.topics.join(', '), node.spec.topics.join(', ')]
    throw new TopologyError('MR_TOPOLOGY_TOPIC_OVERLAP', { one, other })
  }
  main.absorb(node)
  root.removeChild(node)
}

function resetText(reset: OffsetReset | null | undefined): string {
  return typeof reset === 'object' && reset !== null ? `duration ${reset.durationMs}` : (reset ?? 'default')
}
