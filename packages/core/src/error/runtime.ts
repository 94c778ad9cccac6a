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
  MR_RUNTIME_CHANGELOG_RANGE: (d: {
    readonly topic: string
    readonly partition: number
    readonly position: number
    readonly start: number
    readonly end: number
  }): string =>
    `The stored position ${d.position} is outside changelog ${d.topic}-${d.partition} (${d.start} to ${d.end}); the state is restored from its start.`,
  MR_RUNTIME_INTERNAL_TOPIC: (d: {
    readonly topic: string
    readonly expected: number
    readonly actual: number
  }): string =>
    `Internal topic "${d.topic}" has ${d.actual} partitions, the topology needs ${d.expected}: a source topic was created with another count since. Reset the application (delete its internal topics and state), or restore the old count.`,
  MR_RUNTIME_INTERNAL_TOPIC_REFUSED: (d: { readonly topic: string; readonly reason: string }): string =>
    `Internal topic "${d.topic}" cannot be created: ${d.reason} Grant the right to create topics, adapt replicationFactor and topicConfig, or create it by hand.`,
  MR_RUNTIME_TASK_TIMEOUT: (d: {
    readonly task: string
    readonly timeoutMs: number
    readonly reason: string
  }): string =>
    `Task ${d.task} made no progress for ${d.timeoutMs} ms; the last failure was: ${d.reason} Check the cluster, or raise taskTimeout.`,
  MR_RUNTIME_NO_OFFSET: (d: { readonly topic: string; readonly partition: number }): string =>
    `No offset is committed for ${d.topic}-${d.partition} and autoOffsetReset is "none"; commit one, or choose "earliest" or "latest".`,
  MR_RUNTIME_UNREACHABLE: (d: { readonly timeoutMs: number; readonly reason: string }): string =>
    `The cluster could not be reached within ${d.timeoutMs} ms: ${d.reason} Check kafka.brokers, that the brokers run and are reachable from here under the names they advertise, and firewalls.`,
  MR_RUNTIME_WORKER: (d: { readonly worker: string; readonly reason: string }): string =>
    `Worker ${d.worker} stopped: ${d.reason}`,
  MR_RUNTIME_SHUTDOWN_REQUESTED: (d: { readonly applicationId: string }): string =>
    `An instance of application "${d.applicationId}" asked all instances to shut down after an error; its log has the reason.`,
  MR_RUNTIME_STORE_UNKNOWN: (d: { readonly store: string; readonly known: string }): string =>
    `The topology has no store "${d.store}"; it has: ${d.known}.`,
  MR_RUNTIME_STORE_TYPE: (d: {
    readonly store: string
    readonly kind: string
    readonly asked: string
    readonly accepted: string
  }): string =>
    `Store "${d.store}" is a ${d.kind} store and cannot be queried as "${d.asked}"; it can be asked as ${d.accepted}.`,
  MR_RUNTIME_STORE_UNAVAILABLE: (d: { readonly store: string; readonly reason: string }): string =>
    `Store "${d.store}" cannot be queried now: ${d.reason}. Try again, or ask another instance.`,
} as const
