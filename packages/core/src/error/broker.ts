/** Errors of starting the embedded broker. */
export const brokerMessages = {
  MR_BROKER_DIRECTORY: (d: { readonly directory: string; readonly reason: string }): string =>
    `The broker's directory "${d.directory}" cannot be used: ${d.reason}. Close the other broker, correct the rights, or name another directory.`,
  MR_BROKER_DAMAGED: (d: { readonly file: string; readonly position: number; readonly reason: string }): string =>
    `"${d.file}" in the broker's directory is damaged at byte ${d.position}: ${d.reason}. Nothing was changed. Bring the directory back from a copy; or, to go on without what is behind that place, move later files of the same folder away and cut this one: truncate -s ${d.position} ${d.file}`,
  MR_BROKER_PORT: (d: { readonly host: string; readonly port: number; readonly reason: string }): string =>
    `The broker cannot listen on ${d.host}:${d.port}: ${d.reason}. Choose another port, or 0 for any free one.`,
} as const
