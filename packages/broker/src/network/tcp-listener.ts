/**
 * The broker on a loopback port: Kafka's framing around the same connections, so that foreign clients can be pointed at
 * it. A frame is an int32 size, a request header, a body.
 */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { FatalError } from '@millrace/core'
import { decodeRequestHeader } from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import { readInt32, writeInt32 } from '../log/batch-header.ts'
import { Connection } from './connection.ts'

const sizeBytes = 4
const correlationBytes = 4
/** Behind API key, version and correlation id. */
const clientIdAt = 8

/** Who a TLS listener is, PEM. */
export interface TlsIdentity {
  readonly key: string
  /** The certificate, with what lies between it and its authority. */
  readonly cert: string
}

/** One node's port. */
export class TcpListener {
  readonly #state: BrokerState
  readonly #nodeId: number
  readonly #server: Server
  readonly #sockets: Set<Socket> = new Set()

  /** @param tls absent: plain bytes */
  constructor(state: BrokerState, nodeId: number, tls?: TlsIdentity) {
    this.#state = state
    this.#nodeId = nodeId
    const accept = (socket: Socket): void => this.#accept(socket)
    this.#server =
      tls === undefined ? createServer({ noDelay: true }, accept) : createTlsServer({ ...tls, noDelay: true }, accept)
  }

  /**
   * Listens; the port in use.
   *
   * @throws {MR_BROKER_PORT} (FatalError) the port cannot be had
   */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause) => {
        reject(new FatalError('MR_BROKER_PORT', { host, port, reason: cause.message }, { cause }))
      })
      this.#server.listen(port, host, resolve)
    })
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket)
    const session = {
      clientHost: `/${socket.remoteAddress ?? '127.0.0.1'}`,
      authenticated: this.#state.users.size === 0,
      mechanism: undefined,
    }
    const connection = new Connection(this.#state, { nodeId: this.#nodeId, session })
    const frames = new FrameReader(this.#state.config.number('socket.request.max.bytes'))
    socket.on('data', (part) => {
      frames.push(part)
      try {
        for (let frame = frames.next(); frame !== undefined; frame = frames.next()) take(frame, connection, socket)
      } catch (error) {
        this.#state.surroundings.logger.warn('bad frame', { reason: String(error) })
        socket.destroy()
      }
    })
    socket.on('error', () => socket.destroy())
    socket.on('close', () => {
      connection.close()
      this.#sockets.delete(socket)
    })
  }
}

function take(frame: Uint8Array, connection: Connection, socket: Socket): void {
  const header = decodeRequestHeader(frame)
  const clientIdLength = header.clientId === null ? 0 : Buffer.byteLength(header.clientId)
  connection.submit({
    apiKey: header.apiKey,
    version: header.version,
    clientId: header.clientId ?? '',
    bytes: frame.subarray(clientIdAt + 2 + clientIdLength),
    done: (outcome) => {
      if (outcome === 'silent') return
      if (outcome === 'disconnect') {
        socket.destroy()
        return
      }
      const prefix = new Uint8Array(sizeBytes + correlationBytes)
      writeInt32(prefix, 0, correlationBytes + outcome.length)
      writeInt32(prefix, sizeBytes, header.correlationId)
      socket.cork()
      socket.write(prefix)
      socket.write(outcome)
      socket.uncork()
    },
  })
}

/** Cuts a stream of bytes into frames; each frame has memory of its own. */
class FrameReader {
  readonly #bytesMax: number
  readonly #prefix: Uint8Array = new Uint8Array(sizeBytes)
  #parts: Uint8Array[] = []
  #frame: Uint8Array | undefined
  #filled: number = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  push(part: Uint8Array): void {
    this.#parts.push(part)
  }

  /** The next whole frame. @throws {RangeError} when its size is impossible */
  next(): Uint8Array | undefined {
    if (this.#frame === undefined) {
      if (!this.#fill(this.#prefix)) return undefined
      const size = readInt32(this.#prefix, 0)
      if (size < clientIdAt || size > this.#bytesMax) throw new RangeError(`frame of ${size} bytes`)
      this.#frame = new Uint8Array(size)
      this.#filled = 0
    }
    if (!this.#fill(this.#frame)) return undefined
    const frame = this.#frame
    this.#frame = undefined
    this.#filled = 0
    return frame
  }

  /** Moves bytes into `target`; true when it is full. */
  #fill(target: Uint8Array): boolean {
    while (this.#filled < target.length) {
      const part = this.#parts[0]
      if (part === undefined) return false
      const count = Math.min(part.length, target.length - this.#filled)
      target.set(part.subarray(0, count), this.#filled)
      this.#filled += count
      if (count === part.length) this.#parts.shift()
      else this.#parts[0] = part.subarray(count)
    }
    return true
  }
}
