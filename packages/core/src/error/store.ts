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
} as const
