/**
 * The port to a Kafka cluster: it carries the bytes of a request to one broker and brings the response back.
 *
 * Codec, metadata, fetcher, producer, groups and transactions stand above it, in `protocol`. Implementations: kafkajs'
 * sockets (`transport-kafkajs`), the embedded broker in this process (`broker`), the simulated network (`testing`).
 */
export interface Transport extends AsyncDisposable {
  /**
   * Opens a connection group of its own for one role, so that a parked request of one role (JoinGroup, a long poll)
   * never delays another role. Cheap to call; sockets are opened when first used.
   *
   * @throws {MR_TRANSPORT_…} when no broker can be reached or authentication fails; the text says what to check
   */
  open(role: TransportRole): Promise<TransportChannel>
  close(): Promise<void>
}

/** What a channel is used for; only a label for logs and errors. */
export type TransportRole = 'group' | 'fetch' | 'restore' | 'produce' | 'admin' | 'global'

/** Number of a broker in the cluster, or `any` for whichever broker answers (bootstrap). */
export type TransportNode = number | 'any'

export interface TransportChannel {
  /**
   * Sends one request and resolves with its response.
   *
   * Shapes: `body` is what follows the client id in request header v1; for a flexible version it therefore begins with
   * the header's empty tag buffer `00`. The response is what follows the correlation id; for a flexible version it
   * begins with the response header's tag buffer (not for ApiVersions). `protocol` adds and strips these bytes.
   * Requests to one node through one channel are answered in order, except that fetches (api key 1) go over a
   * connection of their own. The response may be a view on a larger buffer: copy what is kept.
   *
   * @throws {MR_TRANSPORT_DISCONNECTED} (RetriableError) connection lost or refused: refresh metadata and try again
   * @throws {MR_TRANSPORT_TIMEOUT} (RetriableError) no answer within `timeoutMs`
   * @throws {MR_TRANSPORT_AUTHENTICATION} (FatalError) SASL or TLS refused
   */
  send(
    node: TransportNode,
    apiKey: number,
    version: number,
    body: Uint8Array,
    options?: SendOptions,
  ): Promise<Uint8Array>
  /** Brokers learnt from Metadata, so that the transport can reach new ones: `protocol` calls it after every Metadata response. */
  learn(brokers: readonly BrokerAddress[]): void
  /** Closes the sockets; pending sends are rejected with MR_TRANSPORT_DISCONNECTED. Twice is harmless. */
  close(): Promise<void>
}

export interface SendOptions {
  /** Longest wait for the answer; default 30 s. A long poll must allow for its own wait. */
  readonly timeoutMs?: number
  /** False for acks=0 produce: resolves with no bytes as soon as the request is written. */
  readonly expectResponse?: boolean
}

export interface BrokerAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}
