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
} as const
