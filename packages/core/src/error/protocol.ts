/** Errors of the cluster, the network and Kafka's protocol. */
export const protocolMessages = {
  MR_PROTOCOL_RESPONSE: (d: {
    readonly api: string
    readonly code: number
    readonly name: string
    readonly what: string
  }): string => `${d.api}: the broker answered ${d.code} ${d.name} for ${d.what}.`,
  MR_TRANSPORT_DISCONNECTED: (d: { readonly broker: string; readonly reason: string }): string =>
    `The connection to ${d.broker} failed: ${d.reason}. Check host, port and that the broker runs; the request is tried again.`,
  MR_TRANSPORT_TIMEOUT: (d: { readonly broker: string; readonly api: string; readonly timeoutMs: number }): string =>
    `${d.broker} did not answer ${d.api} within ${d.timeoutMs} ms.`,
  MR_TRANSPORT_AUTHENTICATION: (d: { readonly broker: string; readonly reason: string }): string =>
    `${d.broker} refused the authentication: ${d.reason}. Check kafka.sasl (mechanism, username, password) and kafka.ssl.`,
} as const
