/**
 * Nodes of the logical plan that the DSL draws before anything is in the topology: one per operator, connected like the
 * operators. Building rewrites the plan where it is asked to, and then lets each node write its processors.
 *
 * What rewriting must know of a node stands in its flags; what it writes is its own business.
 */
import type { TopologyBuilder } from '../topology/topology-builder.ts'

/** Writes the node's processors, stores and topics; its parents are written before. */
export type PlanWriter = (builder: TopologyBuilder, parents: readonly string[]) => void

export class PlanNode {
  readonly name: string
  readonly children: Set<PlanNode> = new Set()
  readonly parents: Set<PlanNode> = new Set()
  /** Nodes are written in this order, as soon as their parents are. */
  priority = -1
  written = false
  keyChanging = false
  valueChanging = false
  /** The node behind `merge`. */
  merges = false
  /** A left or outer join that takes null keys: repartition topics above it keep them. */
  nullKeyRelaxed = false
  /** True or false where the node decides it; null where it follows the parents. */
  outputVersioned: boolean | null = null
  /** Called while building for each parent that is versioned. */
  enableVersioned: ((parent: string) => void) | null = null
  /** `suppress`, which refuses versioned parents. */
  suppresses = false
  /** Grace of the windowed aggregation in this node, ms; null elsewhere. */
  windowGraceMs: number | null = null
  readonly #writer: PlanWriter

  constructor(name: string, writer: PlanWriter) {
    this.name = name
    this.#writer = writer
  }

  addChild(child: PlanNode): void {
    this.children.add(child)
    child.parents.add(this)
  }

  removeChild(child: PlanNode): void {
    this.children.delete(child)
    child.parents.delete(this)
  }

  write(builder: TopologyBuilder): void {
    this.#writer(
      builder,
      Array.from(this.parents, (parent) => parent.name),
    )
    this.written = true
  }
}
