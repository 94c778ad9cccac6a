/**
 * The logical plan behind a `StreamsBuilder`: the counter that names everything, the nodes, and building the topology
 * from them.
 *
 * Order is Kafka's: numbers are used up in the order of the calls, nodes are written in the order in which they were added
 * to the plan, but never before their parents.
 */
import { TopologyError } from '../errors.ts'
import type { StoreSpec } from '../topology/store-spec.ts'
import type { ProcessorWrapper } from '../topology/processor-wrapper.ts'
import { TopologyBuilder } from '../topology/topology-builder.ts'
import { validateCopartition } from '../topology/freeze.ts'
import type { Faces } from './faces.ts'
import { requireName, tenDigits } from './names.ts'
import { type OptimizationName, RepartitionMerging } from './optimize.ts'
import { PlanNode } from './plan-node.ts'
import { type RepartitionPlanNode, dropNullKeys } from './repartition-node.ts'
import type { StreamState } from './stream-state.ts'
import { rewriteSelfJoins } from './stream-join-node.ts'
import { mergeSources } from './source-node.ts'
import { TableSourcePlanNode } from './table-source-node.ts'

export class Plan {
  readonly builder: TopologyBuilder
  readonly root: PlanNode = new PlanNode('root', () => undefined)
  /** Internal topics and stores whose names were generated, for `ensure.explicit.internal.resource.naming`. */
  readonly generatedNames: {
    readonly repartition: Set<string>
    /** With true where the store has a changelog topic. */
    readonly stores: Map<string, boolean>
  } = { repartition: new Set(), stores: new Map() }
  /** Repartition topics made for joins, by the stream that goes through them. */
  readonly joinRepartitions: WeakMap<StreamState, RepartitionPlanNode> = new WeakMap()
  readonly #merging: RepartitionMerging = new RepartitionMerging()
  readonly #nodes: Set<PlanNode> = new Set()
  /** Makers of the public classes. */
  readonly faces: Faces
  #index = 0
  #priority = 0

  /** @param wrapper null: processors stay as they are */
  constructor(faces: Faces, wrapper: ProcessorWrapper | null = null) {
    this.builder = new TopologyBuilder(wrapper)
    this.faces = faces
  }

  /** A number with a prefix. Uses up the number. */
  nextName(prefix: string): string {
    return prefix + tenDigits(this.#index++)
  }

  /** Name of a store without one. Uses up a number. */
  nextStoreName(prefix: string): string {
    return this.nextName(`${prefix}STATE-STORE-`)
  }

  /**
   * The given name, or a generated one. Uses up a number in both cases, so that naming one node does not rename others.
   *
   * @param suffix added to a given name only
   * @throws {MR_TOPOLOGY_NAME} the given name is not allowed
   */
  nameOr(given: string | undefined, prefix: string, suffix = ''): string {
    const generated = this.nextName(prefix)
    return given === undefined ? generated : requireName(given) + suffix
  }

  /** Adds a node below its parents. Adding it again, below another one, moves it to the end of the order. */
  add(parents: PlanNode | readonly PlanNode[], node: PlanNode): void {
    for (const parent of [parents].flat()) {
      parent.addChild(node)
      node.priority = this.#priority++
      this.#nodes.add(node)
      this.#merging.added(node)
    }
  }

  /** Adds a store of the user, connected to nothing yet. */
  addStore(store: StoreSpec): void {
    this.add(this.root, new PlanNode(store.name, (builder) => builder.addStore(store, [])))
  }

  /**
   * Writes the plan into the topology.
   *
   * @throws {MR_TOPOLOGY_…} what cannot be built
   */
  build(optimizations: ReadonlySet<OptimizationName>): void {
    mergeSources(this.root)
    if (optimizations.has('reuse.ktable.source.topics'))
      for (const node of this.#nodes) if (node instanceof TableSourcePlanNode) node.reusesTopic = true
    if (optimizations.has('merge.repartition.topics')) this.#merging.merge(this)
    if (optimizations.has('single.store.self.join')) rewriteSelfJoins(this.root)
    dropNullKeys(this.root)
    this.#spreadVersions()
    this.#write()
    validateCopartition(this.builder)
  }

  /** Nodes below versioned tables are told so. @throws {MR_TOPOLOGY_VERSIONED} for `suppress` */
  #spreadVersions(): void {
    for (const node of this.#nodes) {
      if (node.enableVersioned !== null)
        for (const parent of node.parents) if (this.#isVersioned(parent)) node.enableVersioned(parent.name)
      if (node.suppresses && this.#isVersionedAbove(node)) {
        const reason = 'the table above is versioned'
        throw new TopologyError('MR_TOPOLOGY_VERSIONED', { what: `suppress "${node.name}"`, reason })
      }
    }
  }

  #isVersioned(node: PlanNode): boolean {
    return node.outputVersioned ?? this.#isVersionedAbove(node)
  }

  #isVersionedAbove(node: PlanNode): boolean {
    if (node === this.root) return false
    for (const parent of node.parents) if (!this.#isVersioned(parent)) return false
    return true
  }

  #write(): void {
    const open: PlanNode[] = [this.root]
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const ready = Array.from(node.parents).every((parent) => parent.written)
      if (ready && !node.written) node.write(this.builder)
      if (node.written) for (const child of node.children) if (!child.written) insertByPriority(open, child)
    }
  }
}

/** Keeps the list in descending order, so that its last node is the next one; equal nodes are written first come first. */
function insertByPriority(open: PlanNode[], node: PlanNode): void {
  let low = 0
  let high = open.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((open[middle] as PlanNode).priority > node.priority) low = middle + 1
    else high = middle
  }
  open.splice(low, 0, node)
}
