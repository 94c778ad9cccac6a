/**
 * One request on a kafkajs connection, without kafkajs' encoder.
 *
 * `connection.send` copies the body twice into zeroed buffers of the next power of two: for a produce request of a
 * megabyte four megabytes of memory that the garbage collector is told of. Here header and body are written to the socket
 * one behind the other; everything else (correlation ids, queue, throttling, authentication) stays kafkajs'.
 */
import { Buffer } from 'node:buffer'
import { RetriableError } from '@millrace/core/port'
import type { Answered, Connection } from './kafkajs-internals.ts'

/** A request as the transport gets it. */
export interface OutgoingRequest {
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
  /** From the header's tag buffer on; not copied, so it must not change before the answer is there. */
  readonly body: Uint8Array
  readonly expectResponse: boolean
}

/**
 * Sends a request; resolves with its answer behind the correlation id, or with null when none is expected.
 *
 * @throws {MR_TRANSPORT_DISCONNECTED} the connection is gone; and what kafkajs throws
 */
export async function sendBytes(connection: Connection, request: OutgoingRequest): Promise<Buffer | null> {
  if (!connection.isAuthenticated()) await connection.authenticate()
  const { apiKey, apiName, apiVersion, body, expectResponse } = request
  const { payload } = await new Promise<Answered>((resolve, reject) => {
    const { socket } = connection
    if (!connection.isConnected() || socket == null) {
      const broker = `${connection.host}:${connection.port}`
      throw new RetriableError('MR_TRANSPORT_DISCONNECTED', { broker, reason: 'the connection is closed' })
    }
    const correlationId = connection.nextCorrelationId()
    const header = requestHeader({ apiKey, apiVersion, correlationId, clientId: connection.clientId }, body.length)
    connection.requestQueue.push({
      entry: { apiKey, apiName, apiVersion, correlationId, resolve, reject },
      expectResponse,
      requestTimeout: null,
      sendRequest: () => {
        socket.cork()
        socket.write(header)
        socket.write(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
        socket.uncork()
      },
    })
  })
  return payload
}

interface HeaderFields {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** `size 4 ‖ API 2 ‖ version 2 ‖ correlation 4 ‖ client id`; size counts what follows it. */
function requestHeader({ apiKey, apiVersion, correlationId, clientId }: HeaderFields, bodyBytes: number): Buffer {
  const client = Buffer.from(clientId ?? '', 'utf8')
  const header = Buffer.allocUnsafe(14 + client.length)
  header.writeInt32BE(10 + client.length + bodyBytes, 0)
  header.writeInt16BE(apiKey, 4)
  header.writeInt16BE(apiVersion, 6)
  header.writeInt32BE(correlationId, 8)
  header.writeInt16BE(clientId === null ? -1 : client.length, 12)
  client.copy(header, 14)
  return header
}
