/** Errors of building a topology: the developer fixes them before any I/O. */
export const topologyMessages = {
  MR_TOPOLOGY_CALLBACK: (d: { readonly where: string; readonly given: string }): string =>
    `${d.where} takes a synchronous function, not ${d.given}: it is called for every record, in order, and nothing waits for a promise. Return the value itself; do what takes time before the input topic or behind the output topic.`,
  MR_TOPOLOGY_NODE_DUPLICATE: (d: { readonly node: string }): string =>
    `The topology already has a node named "${d.node}"; give one of them another name.`,
  MR_TOPOLOGY_NODE_UNKNOWN: (d: { readonly node: string }): string =>
    `The topology has no node named "${d.node}"; add it first, or correct the name.`,
  MR_TOPOLOGY_PARENT_UNKNOWN: (d: { readonly node: string; readonly parent: string }): string =>
    `Node "${d.node}" names the parent "${d.parent}", which the topology does not have; add parents before their children.`,
  MR_TOPOLOGY_PARENT_MISSING: (d: { readonly node: string }): string =>
    `Node "${d.node}" has no parent; name at least one.`,
  MR_TOPOLOGY_PARENT_SINK: (d: { readonly node: string; readonly parent: string }): string =>
    `Node "${d.node}" names the sink "${d.parent}" as parent; sinks forward nothing.`,
  MR_TOPOLOGY_TOPIC_MISSING: (d: { readonly node: string }): string =>
    `Source "${d.node}" reads no topic; name at least one.`,
  MR_TOPOLOGY_TOPIC_DUPLICATE: (d: { readonly topic: string; readonly source: string }): string =>
    `Topic "${d.topic}" is already read by source "${d.source}"; read it once and use that stream or table twice.`,
  MR_TOPOLOGY_TOPIC_PATTERN: (d: { readonly topic: string; readonly pattern: string }): string =>
    `Topic "${d.topic}" would be read twice: by name, and by the pattern ${d.pattern}.`,
  MR_TOPOLOGY_TOPIC_OVERLAP: (d: { readonly one: string; readonly other: string }): string =>
    `Two sources read overlapping but not equal topics: [${d.one}] and [${d.other}]; read each topic in one of them only.`,
  MR_TOPOLOGY_OFFSET_RESET: (d: { readonly topics: string }): string =>
    `Two sources read [${d.topics}] with different offsetReset; give both the same.`,
  MR_TOPOLOGY_STORE_DUPLICATE: (d: { readonly store: string }): string =>
    `The topology already has another store named "${d.store}"; give one of them another name, or use one definition twice.`,
  MR_TOPOLOGY_STORE_UNKNOWN: (d: { readonly store: string; readonly node: string }): string =>
    `Node "${d.node}" is to be connected to the store "${d.store}", which was not added; call addStateStore first.`,
  MR_TOPOLOGY_STORE_GLOBAL: (d: { readonly store: string; readonly node: string }): string =>
    `Node "${d.node}" is to be connected to the global store "${d.store}"; every processor sees global stores without that.`,
  MR_TOPOLOGY_STORE_NODE: (d: { readonly store: string; readonly node: string; readonly kind: string }): string =>
    `Store "${d.store}" cannot be connected to the ${d.kind} "${d.node}"; only processors have stores.`,
  MR_TOPOLOGY_STORE_MISSING: (d: { readonly node: string }): string =>
    `Node "${d.node}" is to be connected to no store; name at least one.`,
  MR_TOPOLOGY_STORE_SOURCE: (d: { readonly store: string }): string =>
    `Store "${d.store}" is already filled from a topic; it can have one only.`,
  MR_TOPOLOGY_STORE_SHAPE: (d: {
    readonly store: string
    readonly operator: string
    readonly reason: string
  }): string => `Store "${d.store}" cannot serve ${d.operator}: ${d.reason}.`,
  MR_TOPOLOGY_STORE_RETENTION: (d: {
    readonly store: string
    readonly retentionMs: number
    readonly neededMs: number
  }): string =>
    `Store "${d.store}" keeps ${d.retentionMs} ms, but its windows with their grace need ${d.neededMs} ms; raise the retention.`,
  MR_TOPOLOGY_NAME: (d: { readonly name: string; readonly reason: string }): string =>
    `The name "${d.name}" is not allowed: ${d.reason}; use 1 to 249 of the characters a-z A-Z 0-9 . _ -.`,
  MR_TOPOLOGY_NAMES_REQUIRED: (d: { readonly kind: string; readonly names: string }): string =>
    `ensureExplicitInternalResourceNaming is on, but these ${d.kind} have generated names: ${d.names}; name them with "store" or "name".`,
  MR_TOPOLOGY_COPARTITION: (d: { readonly topics: string }): string =>
    `These repartition topics are joined but have different partition counts: ${d.topics}; give them the same.`,
  MR_TOPOLOGY_OPTION: (d: {
    readonly where: string
    readonly option: string
    readonly nearest: string | null
    readonly known: string
  }): string =>
    `${d.where} has no option "${d.option}"; ${d.nearest === null ? `it takes: ${d.known}.` : `did you mean "${d.nearest}"?`}`,
  MR_TOPOLOGY_OPTIONS: (d: { readonly where: string; readonly given: string; readonly known: string }): string =>
    `${d.where} takes its options as an object, got ${d.given}; it takes: ${d.known}.`,
  MR_TOPOLOGY_ARGUMENT: (d: { readonly where: string; readonly given: string; readonly accepted: string }): string =>
    `${d.where} takes ${d.accepted}; got ${d.given}.`,
  MR_TOPOLOGY_SUPPLIER: (d: { readonly where: string }): string =>
    `${d.where} is made by a supplier that answers the same object twice, or none: every task needs one of its own. Return a new one at each call: () => new MyProcessor().`,
  MR_TOPOLOGY_BUILDER: (d: { readonly where: string }): string =>
    `${d.where} was given a stream or table of another StreamsBuilder, whose records would never arrive; make both with one builder.`,
  MR_TOPOLOGY_FROZEN: (d: { readonly what: string }): string =>
    `${d.what} cannot be added: the topology is already built. Build a new one.`,
  MR_TOPOLOGY_UNSUPPORTED: (d: { readonly what: string; readonly reason: string }): string =>
    `${d.what} is not possible: ${d.reason}.`,
  MR_TOPOLOGY_VERSIONED: (d: { readonly what: string; readonly reason: string }): string => `${d.what}: ${d.reason}.`,
  MR_TOPOLOGY_GRACE: (d: { readonly store: string; readonly graceMs: number; readonly historyMs: number }): string =>
    `A join with grace ${d.graceMs} ms reads the versioned store "${d.store}", which keeps only ${d.historyMs} ms; raise its historyRetention or lower the grace.`,
  MR_TOPOLOGY_OPTIMIZATION: (d: { readonly value: string }): string =>
    `topology.optimization: "${d.value}" is not known; give "none", "all", or a list of reuse.ktable.source.topics, merge.repartition.topics, single.store.self.join.`,
  MR_TOPOLOGY_KEY_SERDES: (d: {
    readonly topic: string
    readonly serde: string
    readonly otherTopic: string
    readonly otherSerde: string
  }): string =>
    `The keys of "${d.topic}" are written by ${d.serde}, those of "${d.otherTopic}" by the default serde (${d.otherSerde}): equal keys would have different bytes and never meet. Give the grouping or repartition behind "${d.otherTopic}" a key serde ({ key: … }), or set defaultKeySerde.`,
} as const
