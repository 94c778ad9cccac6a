/**
 * Which nodes belong together: connected by edges, or by a store that both use. Repartition topics cut the graph, because
 * their sink and their source are not joined by an edge.
 */
import type { TopologyBuilder } from './topology-builder.ts'

/** One connected part: its number and its nodes, both in the order in which nodes were added. */
export interface NodeGroup {
  readonly id: number
  readonly nodes: readonly string[]
  /** True: it fills a global store; it has a number but no tasks. */
  readonly global: boolean
}

/** Numbered by their first node. */
export function nodeGroups(builder: TopologyBuilder): NodeGroup[] {
  const roots = new Map<string, string>()
  const rootOf = (name: string): string => {
    let root = name
    for (let next = roots.get(root); next !== undefined; next = roots.get(root)) root = next
    if (root !== name) roots.set(name, root)
    return root
  }
  const unite = (one: string, other: string): void => {
    const [a, b] = [rootOf(one), rootOf(other)]
    if (a !== b) roots.set(a, b)
  }
  for (const node of builder.nodes.values()) for (const parent of node.parents) unite(node.name, parent)
  for (const { users } of builder.stores.values()) for (const user of users.slice(1)) unite(user, users[0] as string)

  const groups = new Map<string, { nodes: string[]; global: boolean }>()
  for (const name of builder.nodes.keys()) {
    const root = rootOf(name)
    let group = groups.get(root)
    if (group === undefined) groups.set(root, (group = { nodes: [], global: false }))
    group.nodes.push(name)
    if (builder.isGlobalSource(name)) group.global = true
  }
  return [...groups.values()].map((group, id) => ({ id, ...group }))
}
