/**
 * The parts of kafkajs 2.2.4 that Millrace stands on, and how it gets at them.
 *
 * kafkajs hands a live `Cluster` to the assigners of a consumer, synchronously and by its public types; from it we take
 * the builder of connection pools and the constructor of brokers, which carry the user's brokers, TLS, SASL and socket
 * factory. Nothing here sends a record or joins a group. The version is pinned and `captureCluster` checks the shape, so
 * that another kafkajs fails at start with a text instead of later with a TypeError.
 */
import type { Kafka, PartitionAssigner } from 'kafkajs'
import { ConfigError } from '@millrace/core/port'

/** One socket of kafkajs with its queue of requests. */
export interface Connection {
  isConnected(): boolean
  connect(): Promise<unknown>
  disconnect(): Promise<unknown>
  rejectRequests(error: Error): void
  readonly host: string
  readonly port: number
  readonly clientId: string | null
  isAuthenticated(): boolean
  /** Runs the SASL exchange, if the user configured one; shared by concurrent callers. */
  authenticate(): Promise<void>
  nextCorrelationId(): number
  readonly socket?: ConnectedSocket | null
  readonly requestQueue: RequestQueue
  /** Set while SASL bytes go to and fro. */
  readonly authHandlers?: object | null
  /** Called with each piece that the socket receives. */
  processData(chunk: Uint8Array): void
}

/** A `net.Socket` or TLS socket, as the user's socket factory made it. */
export interface ConnectedSocket {
  cork(): void
  uncork(): void
  write(bytes: Uint8Array): unknown
  destroy(error?: Error): void
}

/** What the request queue resolves with. */
export interface Answered {
  /** Behind the correlation id; null when no answer is expected. */
  readonly payload: Buffer | null
}

interface RequestQueue {
  enforceRequestTimeout: boolean
  readonly pending: readonly unknown[]
  readonly throttledUntil: number
  scheduleCheckPendingRequests(): void
  push(request: {
    entry: {
      apiKey: number
      apiName: string
      apiVersion: number
      correlationId: number
      resolve: (answered: Answered) => void
      reject: (error: Error) => void
    }
    expectResponse: boolean
    requestTimeout: number | null
    sendRequest: () => void
  }): void
  /** Resolves the request that the answer belongs to. */
  fulfillRequest(answer: { readonly size: number; readonly correlationId: number; readonly payload: Buffer }): void
}

/** Two connections to one broker: the second one is for fetches. */
export interface ConnectionPool {
  readonly host: string
  readonly port: number
  readonly connectionTimeout: number
  readonly pool: readonly Connection[]
}

/** A broker of kafkajs: `connect` opens the first socket, asks for the API versions and authenticates. */
export interface Broker {
  readonly connectionPool: ConnectionPool
  readonly authenticationTimeout: number
  connect(): Promise<void>
  metadata(topics: readonly string[]): Promise<{
    readonly brokers: readonly { nodeId: number; host: string; port: number; rack?: string | null }[]
  }>
}

/** What is used of kafkajs' `Cluster`. */
export interface Cluster {
  readonly brokerPool: {
    createBroker(options: { connectionPool: ConnectionPool; logger: unknown; nodeId?: number | null }): Broker
    readonly rootLogger: unknown
  }
  readonly connectionPoolBuilder: {
    build(address?: { host: string; port: number; rack: string | null }): Promise<ConnectionPool>
  }
}

/**
 * Takes a cluster of its own out of a kafkajs client; no socket is opened and no group appears.
 *
 * @throws {MR_CONFIG_INVALID} if this kafkajs is not the one Millrace knows
 */
export function captureCluster(kafka: Kafka): Cluster {
  let captured: unknown
  const assigner: PartitionAssigner = ({ cluster }) => {
    captured = cluster
    return {
      name: 'millrace',
      version: 0,
      assign: async () => [],
      protocol: () => ({ name: '', metadata: Buffer.alloc(0) }),
    }
  }
  kafka.consumer({ groupId: 'unused', partitionAssigners: [assigner] })
  const cluster = captured as Partial<Cluster> | undefined
  if (
    typeof cluster?.connectionPoolBuilder?.build !== 'function' ||
    typeof cluster.brokerPool?.createBroker !== 'function'
  ) {
    throw new ConfigError('MR_CONFIG_INVALID', {
      option: 'kafka',
      value: 'this kafkajs client',
      accepted: 'a client of kafkajs 2.2.4, or its options',
    })
  }
  return cluster as Cluster
}

/**
 * Calms a new connection: kafkajs re-arms a 1 ms timer for ever once a connection has answered, and wakes up every
 * 100 ms to look for timeouts. Millrace has its own timeout per request, so both go.
 *
 * @see https://github.com/tulios/kafkajs/issues/1704
 */
export function calmConnections(pool: ConnectionPool): void {
  for (const connection of pool.pool) {
    const queue = connection.requestQueue
    const schedule = queue.scheduleCheckPendingRequests.bind(queue)
    queue.enforceRequestTimeout = false
    queue.scheduleCheckPendingRequests = (): void => {
      if (queue.pending.length > 0 || queue.throttledUntil > Date.now()) schedule()
    }
  }
}
