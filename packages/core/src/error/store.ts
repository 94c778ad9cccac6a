/** Errors of state stores. */
export const storeMessages = {
  MR_STORE_CLOSED: (d: { readonly store: string; readonly task: string }): string =>
    `Store "${d.store}" of task ${d.task} is closed; the task was revoked.`,
  MR_STORE_CORRUPT: (d: { readonly store: string; readonly reason: string }): string =>
    `State of ${d.store} is damaged: ${d.reason}. It is set aside and restored from the changelog.`,
  MR_STORE_DISK_FULL: (d: { readonly directory: string; readonly reason: string }): string =>
    `No space left for state in "${d.directory}": ${d.reason}. Free space and start again; nothing committed is lost.`,
  MR_STORE_DIRECTORY: (d: { readonly directory: string; readonly reason: string }): string =>
    `The state directory "${d.directory}" cannot be used: ${d.reason}.`,
  MR_STORE_FLUSH: (d: { readonly store: string; readonly task: string; readonly reason: string }): string =>
    `Flushing store "${d.store}" of task ${d.task} failed: ${d.reason}`,
  MR_STORE_NOT_CONNECTED: (d: { readonly node: string; readonly store: string }): string =>
    `Node "${d.node}" has no access to store "${d.store}"; name the store where the processor is added, or connect it with connectProcessorAndStateStores.`,
  MR_STORE_CLUSTER: (d: { readonly task: string; readonly stored: string; readonly cluster: string }): string =>
    `The state of task ${d.task} here is of Kafka cluster ${d.stored}, but the brokers are of cluster ${d.cluster}: topics of the same names hold other records there. Give this application another stateDirectory for that cluster, or delete the directory if the old cluster is gone.`,
  MR_STORE_APPLICATION: (d: { readonly task: string; readonly stored: string; readonly application: string }): string =>
    `The state of task ${d.task} here is of application "${d.stored}", but this is application "${d.application}". Give each application a directory of its own, or delete this one if the other application is gone.`,
  MR_STORE_LOCKED: (d: { readonly directory: string; readonly holder: string }): string =>
    `The state in "${d.directory}" is in use by ${d.holder}; stop it, or give this process another stateDirectory.`,
  MR_STORE_SERDE: (d: { readonly store: string; readonly part: string }): string =>
    `Store "${d.store}" has no ${d.part} serde; give one where the store is defined, or a default serde.`,
  MR_STORE_NULL_KEY: (d: { readonly store: string }): string =>
    `A null key was given to store "${d.store}"; stores hold no null keys.`,
  MR_STORE_UNDEFINED: (d: { readonly store: string; readonly key: string | null }): string =>
    `undefined was put into store "${d.store}"${d.key === null ? '' : ` for the key ${d.key}`}; put a value, or null to delete (a function body in braces needs a return).`,
  MR_STORE_WINDOW: (d: { readonly store: string; readonly startMs: number; readonly endMs: number }): string =>
    `Store "${d.store}" was given the window from ${d.startMs} to ${d.endMs}: a window starts at 0 or later, and does not end before it starts. Correct the times.`,
  MR_STORE_DEFINITION: (d: { readonly store: string; readonly reason: string }): string =>
    `Store "${d.store}" cannot be made: ${d.reason}.`,
  MR_STORE_UNCACHEABLE: (d: { readonly store: string }): string =>
    `Store "${d.store}" cannot be cached: versioned stores keep every version; leave "caching" out.`,
  MR_STORE_UNKNOWN: (d: { readonly store: string }): string =>
    `The topology has no store "${d.store}", or no node is connected to it.`,
  MR_STORE_CHANGELOG: (d: { readonly store: string; readonly reason: string }): string =>
    `The changelog of store "${d.store}" cannot be restored: ${d.reason}.`,
} as const
