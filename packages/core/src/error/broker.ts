/** Errors of starting the embedded broker. */
export const brokerMessages = {
  MR_BROKER_DIRECTORY: (d: { readonly directory: string; readonly reason: string }): string =>
    `The broker's directory "${d.directory}" cannot be used: ${d.reason}. Close the other broker, correct the rights, or name another directory.`,
  MR_BROKER_PORT: (d: { readonly host: string; readonly port: number; readonly reason: string }): string =>
    `The broker cannot listen on ${d.host}:${d.port}: ${d.reason}. Choose another port, or 0 for any free one.`,
} as const
