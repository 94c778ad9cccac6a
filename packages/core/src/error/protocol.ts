/** Errors of the cluster, the network and Kafka's protocol. */
export const protocolMessages = {
  MR_PROTOCOL_RESPONSE: (d: {
    readonly api: string
    readonly code: number
    readonly name: string
    readonly what: string
  }): string => `${d.api}: the broker answered ${d.code} ${d.name} for ${d.what}.`,
  MR_PROTOCOL_VERSION: (d: {
    readonly api: string
    readonly version: number
    readonly minVersion: number
    readonly maxVersion: number
  }): string =>
    `${d.api}: version ${d.version} is not one of ${d.minVersion} to ${d.maxVersion}; the broker is too old or too new for this release.`,
  MR_PROTOCOL_ENCODE: (d: {
    readonly message: string
    readonly version: number
    readonly field: string
    readonly reason: string
  }): string => `${d.message} version ${d.version} cannot be encoded at field "${d.field}": ${d.reason}.`,
  MR_PROTOCOL_DECODE: (d: {
    readonly message: string
    readonly version: number
    readonly position: number
    readonly length: number
    readonly reason: string
  }): string =>
    `${d.message} version ${d.version} cannot be decoded, stopped at byte ${d.position} of ${d.length}: ${d.reason}. Check that the address is a Kafka broker.`,
  MR_PROTOCOL_BATCH: (d: { readonly baseOffset: string; readonly reason: string }): string =>
    `The record batch at offset ${d.baseOffset} cannot be decoded: ${d.reason}. Fetch it again; if it stays so, the log is damaged.`,
  MR_PROTOCOL_CRC: (d: { readonly baseOffset: string; readonly expected: number; readonly actual: number }): string =>
    `The record batch at offset ${d.baseOffset} is damaged: its CRC says ${d.expected}, its bytes give ${d.actual}. Fetch it again; if it stays so, the log is damaged.`,
  MR_PROTOCOL_RECORD: (d: { readonly what: string; readonly value: string; readonly accepted: string }): string =>
    `A record cannot be written into a batch: ${d.what} is ${d.value}; accepted: ${d.accepted}.`,
  MR_PROTOCOL_COMPRESSION: (d: { readonly codec: string; readonly packageName: string; readonly reason: string }): string =>
    `Compression "${d.codec}" is not available: ${d.reason}. Install ${d.packageName} beside millrace, or choose another codec.`,
  MR_TRANSPORT_DISCONNECTED: (d: { readonly broker: string; readonly reason: string }): string =>
    `The connection to ${d.broker} failed: ${d.reason}. Check host, port and that the broker runs; the request is tried again.`,
  MR_TRANSPORT_TIMEOUT: (d: { readonly broker: string; readonly api: string; readonly timeoutMs: number }): string =>
    `${d.broker} did not answer ${d.api} within ${d.timeoutMs} ms.`,
  MR_TRANSPORT_AUTHENTICATION: (d: { readonly broker: string; readonly reason: string }): string =>
    `${d.broker} refused the authentication: ${d.reason}. Check kafka.sasl (mechanism, username, password) and kafka.ssl.`,
} as const
