/**
 * Answers off a kafkajs connection, without kafkajs' buffers.
 *
 * kafkajs keeps the chunks of a socket and joins them when an answer is whole: each byte that is fetched lies in two new
 * buffers, and V8 counts both towards its next full collection. Here a socket reads into one buffer for as long as it
 * lives (`onread` of `net.connect`), and each answer is put together in memory of its own size. Authentication, which
 * speaks bytes of its own, stays with kafkajs.
 */
import { Buffer } from 'node:buffer'
import net from 'node:net'
import tls from 'node:tls'
import type { ISocketFactory } from 'kafkajs'
import type { Connection } from './kafkajs-internals.ts'

const readBytes = 64 * 1024
/** As kafkajs' own sockets, ms. */
const keepAliveMs = 60_000
/** An answer that claims more comes from something that is no broker. */
const answerBytesMax = 0x4000_0000
const sizeBytes = 4
const correlationBytes = 4

/** Sockets as kafkajs makes them, except that `data` is a view on the socket's buffer, good until the listener returns. */
export const readingSockets: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  const callback = (length: number, buffer: Uint8Array): boolean => {
    socket.emit('data', buffer.subarray(0, length))
    return true
  }
  const to = { host, port, onread: { buffer: Buffer.allocUnsafeSlow(readBytes), callback } }
  const name = net.isIP(host) === 0 ? { servername: host } : {}
  const socket: net.Socket =
    ssl == null ? net.connect(to, onConnect) : tls.connect({ ...to, ...name, ...ssl }, onConnect)
  socket.setKeepAlive(true, keepAliveMs)
  return socket
}

/** Takes over what a connection receives, whoever made its socket. */
export function receiveBytes(connection: Connection): void {
  const authenticate = connection.processData.bind(connection)
  let answers = new AnswerReader()
  let from = connection.socket
  connection.processData = (chunk): void => {
    if (connection.authHandlers != null) return authenticate(Buffer.from(chunk))
    // Another socket begins with another answer.
    if (from !== connection.socket) answers = new AnswerReader()
    from = connection.socket
    try {
      answers.read(chunk, (answer) => {
        const [correlationId, payload] = [answer.readInt32BE(0), answer.subarray(correlationBytes)]
        connection.requestQueue.fulfillRequest({ size: answer.length, correlationId, payload })
      })
    } catch (error) {
      connection.socket?.destroy(error as Error)
    }
  }
}

/** Puts answers together: `size 4 ‖ correlation 4 ‖ payload`, in whatever pieces they come. */
class AnswerReader {
  readonly #size = Buffer.alloc(sizeBytes)
  #sizeRead = 0
  #answer: Buffer | null = null
  #answerRead = 0

  /** Hands over each answer that the piece completes, without its size. */
  read(piece: Uint8Array, take: (answer: Buffer) => void): void {
    let at = 0
    while (at < piece.length) {
      if (this.#answer === null) {
        this.#size[this.#sizeRead++] = piece[at++] ?? 0
        if (this.#sizeRead === sizeBytes) this.#answer = memoryFor(this.#size.readInt32BE(0))
        continue
      }
      const end = Math.min(piece.length, at + this.#answer.length - this.#answerRead)
      this.#answer.set(piece.subarray(at, end), this.#answerRead)
      this.#answerRead += end - at
      at = end
      if (this.#answerRead < this.#answer.length) continue
      const answer = this.#answer
      this.#answer = null
      this.#sizeRead = 0
      this.#answerRead = 0
      take(answer)
    }
  }
}

function memoryFor(size: number): Buffer {
  if (size >= correlationBytes && size <= answerBytesMax) return Buffer.allocUnsafe(size)
  throw new Error(`an answer of ${size} bytes was announced: what listens there is no Kafka broker`)
}
