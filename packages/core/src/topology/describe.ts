/**
 * The text of `Topology.describe()`, letter for letter Kafka's. People compare it in their builds to see that a change does
 * not rename or renumber state.
 *
 * The order of nodes and of their neighbours follows from sizes that grow while edges are added: a node's size is one
 * plus the sizes of its successors, larger first, then by name. Neighbours are ordered by the sizes at the moment when
 * their edge is added (see `InsertionSortedSet`), nodes by the final ones.
 */
import { InsertionSortedSet } from './insertion-sorted-set.ts'
import { inHashOrder, inHashOrderOfCopy } from './java-hash-order.ts'
import { type NodeGroup, nodeGroups } from './sub-topology.ts'
import { type DraftNode, type TopologyBuilder, patternText } from './topology-builder.ts'

interface Described {
  readonly node: DraftNode
  size: number
  readonly before: InsertionSortedSet<Described>
  readonly after: InsertionSortedSet<Described>
}

/** The whole text. Each part ends with a line break, one with tasks with two. */
export function describeTopology(builder: TopologyBuilder): string {
  const parts = nodeGroups(builder).map((group) => `  ${groupText(builder, group)}`)
  return `Topologies:\n ${parts.join('')}`
}

function groupText(builder: TopologyBuilder, group: NodeGroup): string {
  const title = group.global ? `${group.id} for global store (will not generate tasks)` : String(group.id)
  const nodes = connect(builder, group.nodes).toSorted(bySize)
  const lines = nodes.map((described) => `    ${nodeText(described)}\n`)
  return `Sub-topology: ${title}\n${lines.join('')}${group.global ? '' : '\n'}`
}

/** Adds the edges one by one, in the order of Kafka's hash maps, letting sizes grow. */
function connect(builder: TopologyBuilder, names: readonly string[]): Described[] {
  const described = new Map<string, Described>()
  const sourcesFirst = [...names].toSorted((a, b) => rank(builder, a) - rank(builder, b))
  for (const name of inHashOrder(sourcesFirst)) {
    const node = builder.nodes.get(name) as DraftNode
    const before = new InsertionSortedSet<Described>(bySize)
    described.set(name, { node, size: 1, before, after: new InsertionSortedSet<Described>(bySize) })
  }
  for (const entry of described.values())
    for (const parent of entry.node.parents) {
      const predecessor = described.get(parent) as Described
      entry.before.add(predecessor)
      predecessor.after.add(entry)
      grow(predecessor, entry.size)
    }
  return [...described.values()]
}

function rank(builder: TopologyBuilder, name: string): number {
  return builder.nodes.get(name)?.kind === 'source' ? 0 : 1
}

/** A node above that is reached on two ways grows twice. */
function grow(entry: Described, delta: number): void {
  const open = [entry]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    next.size += delta
    open.push(...next.before)
  }
}

function bySize(a: Described, b: Described): number {
  if (a === b) return 0
  if (a.size !== b.size) return b.size - a.size
  return a.node.name < b.node.name ? -1 : 1
}

function nodeText({ node, before, after }: Described): string {
  const successors = `\n      --> ${neighbours(after)}`
  const predecessors = `\n      <-- ${neighbours(before)}`
  switch (node.kind) {
    case 'source': {
      const topics = node.pattern === null ? listText(node.topics ?? []) : patternText(node.pattern)
      return `Source: ${node.name} (topics: ${topics})${successors}`
    }
    case 'processor':
      return `Processor: ${node.name} (stores: ${listText(node.stores)})${successors}${predecessors}`
    case 'sink': {
      const target = node.topic === null ? 'extractor class: topic-extractor' : `topic: ${node.topic}`
      return `Sink: ${node.name} (${target})${predecessors}`
    }
  }
}

function listText(names: readonly string[]): string {
  return `[${inHashOrderOfCopy(names).join(', ')}]`
}

function neighbours(nodes: Iterable<Described>): string {
  const names = Array.from(nodes, ({ node }) => node.name)
  return names.length === 0 ? 'none' : names.join(', ')
}
