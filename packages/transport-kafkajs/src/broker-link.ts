/** Two sockets to one broker (requests; fetches), from the first connect to the first failure. */
import { type BrokerAddress, RetriableError, type StreamsError } from '@millrace/core/port'
import {
  type Broker,
  calmConnections,
  type Cluster,
  type Connection,
  type ConnectionPool,
} from './kafkajs-internals.ts'
import { receiveBytes } from './receive-bytes.ts'
import { sendBytes } from './send-bytes.ts'
import { translateError } from './translate-error.ts'

const fetchApiKey = 1

/** Names of API keys for timeout messages. */
const apiNames: Readonly<Record<number, string>> = {
  0: 'Produce',
  1: 'Fetch',
  2: 'ListOffsets',
  3: 'Metadata',
  8: 'OffsetCommit',
  9: 'OffsetFetch',
  10: 'FindCoordinator',
  11: 'JoinGroup',
  12: 'Heartbeat',
  13: 'LeaveGroup',
  14: 'SyncGroup',
  18: 'ApiVersions',
  19: 'CreateTopics',
  22: 'InitProducerId',
  24: 'AddPartitionsToTxn',
  25: 'AddOffsetsToTxn',
  26: 'EndTxn',
  28: 'TxnOffsetCommit',
}

export class BrokerLink {
  readonly #cluster: Cluster
  readonly #build: () => Promise<ConnectionPool>
  readonly #connecting = new Map<Connection, Promise<unknown>>()
  #broker: Broker | null = null
  #ready: Promise<void> | null = null
  #closed = false
  #answered = false
  #giveUp: (error: Error) => void = () => undefined
  /** `host:port`, for texts; empty until a seed is chosen. */
  address: string

  /** `at` null: the builder chooses the next seed. */
  constructor(cluster: Cluster, at: BrokerAddress | null, build: () => Promise<ConnectionPool>) {
    this.#cluster = cluster
    this.#build = build
    this.address = at === null ? '' : `${at.host}:${at.port}`
  }

  isAt(host: string, port: number): boolean {
    return this.address === `${host}:${port}`
  }

  /** Resolves when the broker has answered and taken the credentials; shared by concurrent callers. */
  async ready(): Promise<void> {
    this.#ready ??= this.#open()
    await this.#ready
  }

  /**
   * Sends one request; after any failure the link must be dropped.
   *
   * @throws {MR_TRANSPORT_DISCONNECTED} {MR_TRANSPORT_TIMEOUT} {MR_TRANSPORT_AUTHENTICATION}
   */
  async request(
    apiKey: number,
    apiVersion: number,
    body: Uint8Array,
    timeoutMs: number,
    expectResponse: boolean,
  ): Promise<Uint8Array> {
    const apiName = apiNames[apiKey] ?? `API ${apiKey}`
    const answer = await this.#within(
      timeoutMs,
      apiName,
      this.#exchange(apiKey, apiVersion, apiName, body, expectResponse),
    )
    this.#answered = true
    // A plain Uint8Array: decoders then see one kind of array, whatever the transport.
    return answer === null ? new Uint8Array(0) : new Uint8Array(answer.buffer, answer.byteOffset, answer.byteLength)
  }

  /** Brokers of the cluster as this one knows them. */
  async brokers(): Promise<BrokerAddress[]> {
    const broker = this.#broker
    if (broker === null) throw this.#disconnected('it is closed')
    const { brokers } = await this.#within(30_000, 'Metadata', broker.metadata([]))
    return brokers.map(({ nodeId, host, port, rack }) => ({ nodeId, host, port, rack: rack ?? null }))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const error = this.#disconnected('the connection was closed by this process')
    this.#giveUp(error)
    for (const connection of this.#broker?.connectionPool.pool ?? []) {
      // Reject first: `disconnect` waits for what is in flight.
      connection.rejectRequests(error)
      await connection.disconnect()
      connection.socket?.destroy()
    }
  }

  async #open(): Promise<void> {
    try {
      const connectionPool = await this.#build()
      this.address = `${connectionPool.host}:${connectionPool.port}`
      calmConnections(connectionPool)
      for (const connection of connectionPool.pool) receiveBytes(connection)
      const logger = this.#cluster.brokerPool.rootLogger
      const broker = this.#cluster.brokerPool.createBroker({ connectionPool, logger })
      this.#broker = broker
      // Closed while it connects: kafkajs would wait for its own timeouts.
      const givenUp = new Promise<never>((_, reject) => {
        this.#giveUp = reject
      })
      if (this.#closed) throw this.#disconnected('the connection was closed by this process')
      await this.#within(
        2 * connectionPool.connectionTimeout + broker.authenticationTimeout,
        'connect',
        Promise.race([broker.connect(), givenUp]),
      )
    } catch (error) {
      throw translateError(error, this.address === '' ? 'the cluster' : this.address, true)
    }
    if (this.#closed) throw this.#disconnected('the connection was closed by this process')
  }

  async #exchange(
    apiKey: number,
    apiVersion: number,
    apiName: string,
    body: Uint8Array,
    expectResponse: boolean,
  ): Promise<Buffer | null> {
    const connection = await this.#connection(apiKey === fetchApiKey ? 1 : 0)
    return sendBytes(connection, { apiKey, apiName, apiVersion, body, expectResponse })
  }

  /** Connects once, however many requests ask: kafkajs itself would open a socket for each. */
  async #connection(index: 0 | 1): Promise<Connection> {
    const connection = this.#broker?.connectionPool.pool[index]
    if (connection === undefined || this.#closed) throw this.#disconnected('it is closed')
    if (connection.isConnected()) return connection
    let connecting = this.#connecting.get(connection)
    // The first socket is opened by `ready`; when it is gone the link is at its end.
    if (connecting === undefined && index === 0) throw this.#disconnected('the broker closed the connection')
    if (connecting === undefined) {
      connecting = connection.connect()
      this.#connecting.set(connection, connecting)
    }
    await connecting
    return connection
  }

  async #within<T>(timeoutMs: number, api: string, work: Promise<T>): Promise<T> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const expired = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new RetriableError('MR_TRANSPORT_TIMEOUT', { broker: this.address, api, timeoutMs }))
      }, timeoutMs)
    })
    try {
      return await Promise.race([work, expired])
    } catch (error) {
      throw api === 'connect' ? error : this.#translate(error)
    } finally {
      clearTimeout(timer)
    }
  }

  #translate(error: unknown): StreamsError {
    return translateError(error, this.address, !this.#answered)
  }

  #disconnected(reason: string): RetriableError {
    return new RetriableError('MR_TRANSPORT_DISCONNECTED', { broker: this.address || 'the broker', reason })
  }
}
