/** Errors of running tasks: rebalance, state directory, life cycle. */
export const runtimeMessages = {
  MR_RUNTIME_CLOSED: (d: { readonly what: string }): string => `${d.what} is closed.`,
  MR_RUNTIME_INIT: (d: { readonly node: string; readonly task: string; readonly reason: string }): string =>
    `Node "${d.node}" of task ${d.task} could not be initialised: ${d.reason}`,
  MR_RUNTIME_CLOSE: (d: { readonly node: string; readonly task: string; readonly reason: string }): string =>
    `Node "${d.node}" of task ${d.task} could not be closed: ${d.reason}`,
  MR_RUNTIME_TOPIC: (d: { readonly topic: string; readonly task: string }): string =>
    `No source of task ${d.task} reads topic "${d.topic}".`,
  MR_RUNTIME_TOPIC_MISSING: (d: { readonly topics: string }): string =>
    `Source topics do not exist: ${d.topics}. Create them before the application starts.`,
  MR_RUNTIME_COPARTITION: (d: { readonly topics: string }): string =>
    `These topics are joined and must have equal partition counts: ${d.topics}. Repartition one of them (repartition({ partitions })) or create it anew.`,
  MR_RUNTIME_STATE: (d: { readonly what: string; readonly state: string }): string =>
    `Cannot ${d.what} while the application is ${d.state}.`,
  MR_RUNTIME_DIRECTORY_LOCKED: (d: { readonly directory: string; readonly pid: number }): string =>
    `The state directory "${d.directory}" is in use by process ${d.pid}; give each process a stateDirectory of its own, or stop that process.`,
  MR_RUNTIME_CHANGELOG_RANGE: (d: {
    readonly topic: string
    readonly partition: number
    readonly position: number
    readonly start: number
    readonly end: number
  }): string =>
    `The stored position ${d.position} is outside changelog ${d.topic}-${d.partition} (${d.start} to ${d.end}); the state is restored from its start.`,
} as const
