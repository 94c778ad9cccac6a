/** Errors of building a topology: the developer fixes them before any I/O. */
export const topologyMessages = {
  MR_TOPOLOGY_NODE_DUPLICATE: (d: { readonly node: string }): string =>
    `The topology already has a node named "${d.node}"; give one of them another name.`,
} as const
