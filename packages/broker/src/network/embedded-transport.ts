/**
 * The transport port straight into the broker: the same bytes as on a socket, without one.
 *
 * Each channel has two connections per node, one of them for fetches, so that a parked request of one role never delays
 * another. A request is handled after `send` has returned, never within it.
 */
import { RetriableError } from '@millrace/core'
import { apiByKey } from '@millrace/protocol/internal'
import type { SendOptions, Transport, TransportChannel, TransportNode, TransportRole } from '@millrace/core/port'
import type { BrokerState } from '../broker-state.ts'
import { Connection } from './connection.ts'

const fetchKey = 1
const timeoutMsDefault = 30_000

/** A transport to a broker of this process. */
export class EmbeddedTransport implements Transport {
  readonly #state: BrokerState
  readonly #channels: Set<EmbeddedChannel> = new Set()
  readonly #clientId: string

  constructor(state: BrokerState, clientId: string) {
    this.#state = state
    this.#clientId = clientId
  }

  open(role: TransportRole): Promise<TransportChannel> {
    const channel: EmbeddedChannel = new EmbeddedChannel(this.#state, {
      clientId: `${this.#clientId}-${role}`,
      closed: () => this.#channels.delete(channel),
    })
    this.#channels.add(channel)
    return Promise.resolve(channel)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#channels].map((channel) => channel.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

class EmbeddedChannel implements TransportChannel {
  readonly #state: BrokerState
  readonly #clientId: string
  readonly #whenClosed: () => void
  readonly #connections: Map<string, Connection> = new Map()
  /** Rejects of what has not been answered. */
  readonly #pending: Set<(reason: Error) => void> = new Set()
  #closed: boolean = false

  constructor(state: BrokerState, from: { clientId: string; closed: () => void }) {
    this.#state = state
    this.#clientId = from.clientId
    this.#whenClosed = from.closed
  }

  // oxlint-disable-next-line max-params -- the port's signature
  send(
    node: TransportNode,
    apiKey: number,
    version: number,
    body: Uint8Array,
    options: SendOptions = {},
  ): Promise<Uint8Array> {
    const nodeId = node === 'any' ? this.#state.nodes[0]?.nodeId : node
    const known = this.#state.nodes.some((candidate) => candidate.nodeId === nodeId)
    if (this.#closed || this.#state.closed) return Promise.reject(disconnected(node, 'it is closed'))
    if (nodeId === undefined || !known) return Promise.reject(disconnected(node, 'there is no such node'))
    return new Promise<Uint8Array>((resolve, reject) => {
      const settle = (act: () => void): void => {
        this.#pending.delete(fail)
        timer?.cancel()
        act()
      }
      const fail = (reason: Error): void => settle(() => reject(reason))
      this.#pending.add(fail)
      const timeoutMs = options.timeoutMs ?? timeoutMsDefault
      const timer =
        options.expectResponse === false
          ? undefined
          : this.#state.surroundings.timers.after(timeoutMs, () => fail(late(node, apiKey, timeoutMs)), true)
      this.#connection(nodeId, apiKey).submit({
        apiKey,
        version,
        clientId: this.#clientId,
        bytes: body,
        done: (outcome) => {
          if (outcome === 'disconnect') this.#drop(nodeId, apiKey, fail)
          else settle(() => resolve(outcome === 'silent' ? new Uint8Array(0) : outcome))
        },
      })
      if (options.expectResponse === false) settle(() => resolve(new Uint8Array(0)))
    })
  }

  learn(): void {
    // The nodes of this process are known from the start.
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve()
    this.#closed = true
    for (const connection of this.#connections.values()) connection.close()
    for (const fail of this.#pending) fail(disconnected('any', 'the channel was closed'))
    this.#whenClosed()
    return Promise.resolve()
  }

  #connection(nodeId: number, apiKey: number): Connection {
    const key = `${nodeId} ${apiKey === fetchKey ? 'fetch' : 'other'}`
    let connection = this.#connections.get(key)
    if (connection === undefined) {
      const session = { clientHost: '/127.0.0.1', authenticated: true, mechanism: undefined }
      connection = new Connection(this.#state, { nodeId, session })
      this.#connections.set(key, connection)
    }
    return connection
  }

  #drop(nodeId: number, apiKey: number, fail: (reason: Error) => void): void {
    const key = `${nodeId} ${apiKey === fetchKey ? 'fetch' : 'other'}`
    this.#connections.get(key)?.close()
    this.#connections.delete(key)
    fail(disconnected(nodeId, 'the broker closed the connection'))
  }
}

function disconnected(node: TransportNode, reason: string): RetriableError<'MR_TRANSPORT_DISCONNECTED'> {
  return new RetriableError('MR_TRANSPORT_DISCONNECTED', { broker: `embedded broker ${node}`, reason })
}

function late(node: TransportNode, apiKey: number, timeoutMs: number): RetriableError<'MR_TRANSPORT_TIMEOUT'> {
  const api = apiByKey(apiKey)?.name ?? `API ${apiKey}`
  return new RetriableError('MR_TRANSPORT_TIMEOUT', { broker: `embedded broker ${node}`, api, timeoutMs })
}
