/**
 * A stream–stream join in the plan: two nodes that put records into windows, two that look into the other's, and one
 * behind them. A join of a stream with itself can do with one window (`single.store.self.join`).
 */
import type { StoreSpec } from '../topology/store-spec.ts'
import type { ProcessorSpec, TopologyBuilder } from '../topology/topology-builder.ts'
import { PlanNode } from './plan-node.ts'

/** Name and code of one processor. */
export interface PlannedProcessor extends ProcessorSpec {
  readonly name: string
}

export interface StreamJoinSpec {
  readonly name: string
  /** Names of the nodes that fill the windows; they stand in the plan by themselves. */
  readonly leftWindow: string
  readonly rightWindow: string
  readonly left: PlannedProcessor
  readonly right: PlannedProcessor
  readonly merge: PlannedProcessor
  /** In place of all three when the join is one of a stream with itself. */
  readonly self: PlannedProcessor
  readonly leftStore: StoreSpec
  readonly rightStore: StoreSpec
  /** Where left and outer joins hold back what has no match yet. */
  readonly outerStore: StoreSpec | null
}

export class StreamJoinPlanNode extends PlanNode {
  readonly spec: StreamJoinSpec
  readsItself = false

  constructor(spec: StreamJoinSpec) {
    super(spec.name, (builder) => this.#writeTo(builder))
    this.spec = spec
  }

  #writeTo(builder: TopologyBuilder): void {
    const { leftWindow, rightWindow, left, right, merge, self, leftStore, rightStore, outerStore } = this.spec
    if (this.readsItself) {
      builder.addProcessor(self.name, [leftWindow], self)
      builder.addStore(leftStore, [leftWindow, self.name])
      return
    }
    builder.addProcessor(left.name, [leftWindow], left)
    builder.addProcessor(right.name, [rightWindow], right)
    builder.addProcessor(merge.name, [left.name, right.name], merge)
    builder.addStore(leftStore, [leftWindow, right.name])
    builder.addStore(rightStore, [rightWindow, left.name])
    if (outerStore !== null) builder.addStore(outerStore, [left.name, right.name])
  }
}

/** Drops the second window of every join whose two inputs are one stream. Left and outer joins are such only by chance. */
export function rewriteSelfJoins(root: PlanNode): void {
  const visited = new Set<PlanNode>()
  const open = [root]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (visited.has(node)) continue
    visited.add(node)
    if (node instanceof StreamJoinPlanNode && node.parents.size === 1) rewrite(node)
    open.push(...node.children)
  }
}

function rewrite(join: StreamJoinPlanNode): void {
  const [parent] = join.parents
  for (const child of parent?.children ?? []) {
    if (child.name !== join.spec.rightWindow) continue
    parent?.removeChild(child)
    join.readsItself = true
  }
}
