/**
 * The transport against a small TCP server that speaks just enough Kafka: it answers ApiVersions and echoes the body of
 * every other request. What only a real broker shows (TLS, SASL, leader changes) is in test/broker.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { kafkajsTransport } from './transport.ts'

interface Peer {
  readonly port: number
  readonly sockets: Set<Socket>
  /** Requests seen: API key and socket number. */
  readonly seen: { apiKey: number; socket: number }[]
  /** API keys that get no answer. */
  readonly parked: Set<number>
  close(): Promise<void>
}

const peers: Peer[] = []
afterEach(async () => {
  await Promise.all(peers.splice(0).map(async (peer) => peer.close()))
})

async function startPeer(onConnection?: (socket: Socket) => boolean): Promise<Peer> {
  const sockets = new Set<Socket>()
  const seen: Peer['seen'] = []
  const parked = new Set<number>()
  let count = 0
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    const number = count++
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    if (onConnection?.(socket) === false) return
    let rest = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      rest = Buffer.concat([rest, chunk])
      while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
        const frame = rest.subarray(4, 4 + rest.readInt32BE(0))
        rest = rest.subarray(4 + frame.length)
        const apiKey = frame.readInt16BE(0)
        seen.push({ apiKey, socket: number })
        if (parked.has(apiKey)) continue
        const body = frame.subarray(10 + frame.readInt16BE(8))
        socket.write(answer(frame.readInt32BE(4), apiKey === 18 ? apiVersions() : body))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const peer = {
    port: (server.address() as AddressInfo).port,
    sockets,
    seen,
    parked,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  peers.push(peer)
  return peer
}

function answer(correlationId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + body.length, 0)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, body])
}

/** Error 0; Produce to SaslAuthenticate all at 0–1; throttle 0. */
function apiVersions(): Buffer {
  const keys = Array.from({ length: 37 }, (_, apiKey) => [apiKey, 0, 1] as const)
  const bytes = Buffer.alloc(2 + 4 + keys.length * 6 + 4)
  bytes.writeInt32BE(keys.length, 2)
  for (const [i, values] of keys.entries())
    for (const [j, v] of values.entries()) bytes.writeInt16BE(v, 6 + i * 6 + j * 2)
  return bytes
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

describe('kafkajsTransport', () => {
  it('carries the bytes of a request to any broker and brings the answer back as a plain Uint8Array', async () => {
    const peer = await startPeer()
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('admin')
    const response = await channel.send('any', 50, 3, bytesOf('hello'))
    expect(textOf(response)).toBe('hello')
    expect(Object.getPrototypeOf(response)).toBe(Uint8Array.prototype)
  })

  it('puts answers together however the socket cuts them', async () => {
    const cut = async (bytes: Buffer, socket: Socket): Promise<void> => {
      for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 3) % 7 || 1) {
        socket.write(bytes.subarray(at, at + size))
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    const peer = await startPeer((socket) => {
      socket.setNoDelay(true)
      let held = Buffer.alloc(0)
      socket.on('data', (request) => {
        const apiKey = request.readInt16BE(4)
        const correlationId = request.readInt32BE(8)
        if (apiKey === 18) return void socket.write(answer(correlationId, apiVersions()))
        // Two answers in one piece, and then one in many.
        held = Buffer.concat([held, answer(correlationId, Buffer.alloc(apiKey, apiKey))])
        if (apiKey === 50) return
        if (apiKey === 51) socket.write(held)
        else void cut(held, socket)
        held = Buffer.alloc(0)
      })
      return false
    })
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('admin')
    await channel.send('any', 51, 0, bytesOf(''))
    const first = channel.send('any', 50, 0, bytesOf(''))
    await new Promise((resolve) => setTimeout(resolve, 20))
    const [two, three] = [await channel.send('any', 51, 0, bytesOf('')), await channel.send('any', 52, 0, bytesOf(''))]
    expect([await first, two, three].map((bytes) => [bytes.length, new Set(bytes)])).toEqual([
      [50, new Set([50])],
      [51, new Set([51])],
      [52, new Set([52])],
    ])
  })

  it('gives up a connection whose answers announce a size that no broker sends', async () => {
    const peer = await startPeer((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request'))
      return false
    })
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('admin')
    await expect(channel.send('any', 50, 0, bytesOf('hello'))).rejects.toMatchObject({
      code: 'MR_TRANSPORT_DISCONNECTED',
      message: expect.stringContaining(
        'an answer of 1213486160 bytes was announced: what listens there is no Kafka broker',
      ),
    })
  })

  it('sends fetches over a socket of their own, so that a parked fetch does not delay the rest', async () => {
    const peer = await startPeer()
    peer.parked.add(1)
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('fetch')
    const parked = channel
      .send('any', 1, 11, bytesOf('fetch'))
      .catch((error: unknown) => (error as { code: string }).code)
    expect(textOf(await channel.send('any', 3, 1, bytesOf('metadata')))).toBe('metadata')
    await channel.close()
    expect(await parked).toBe('MR_TRANSPORT_DISCONNECTED')
    const socketOf = (apiKey: number): number | undefined => peer.seen.find((r) => r.apiKey === apiKey)?.socket
    expect(socketOf(1)).not.toBe(socketOf(3))
  })

  it('opens one socket for fetches however many are sent at once', async () => {
    const peer = await startPeer()
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('fetch')
    await Promise.all(['a', 'b', 'c'].map(async (text) => channel.send('any', 1, 11, bytesOf(text))))
    expect(peer.sockets.size).toBe(2)
  })

  it('reaches a node whose address it was told', async () => {
    const seed = await startPeer()
    const other = await startPeer()
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${seed.port}`] })
    const channel = await transport.open('produce')
    channel.learn([{ nodeId: 7, host: '127.0.0.1', port: other.port, rack: null }])
    expect(textOf(await channel.send(7, 0, 7, bytesOf('to seven')))).toBe('to seven')
    expect(seed.seen).toEqual([])
  })

  it('fails what is in flight when the broker goes away, and connects anew for the next request', async () => {
    const peer = await startPeer()
    peer.parked.add(11)
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('group')
    await channel.send('any', 3, 1, bytesOf('x'))
    const parked = channel.send('any', 11, 5, bytesOf('join'))
    parked.catch(() => undefined)
    await channel.send('any', 1, 11, bytesOf('both sockets are open'))
    for (const socket of peer.sockets) socket.destroy()
    await expect(parked).rejects.toMatchObject({ code: 'MR_TRANSPORT_DISCONNECTED', name: 'RetriableError' })
    expect(textOf(await channel.send('any', 3, 1, bytesOf('again')))).toBe('again')
  })

  it('gives up a request after its own timeout and drops the connection, because answers come in order', async () => {
    const peer = await startPeer()
    peer.parked.add(12)
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('group')
    await expect(channel.send('any', 12, 3, bytesOf('beat'), { timeoutMs: 30 })).rejects.toMatchObject({
      code: 'MR_TRANSPORT_TIMEOUT',
      details: { api: 'Heartbeat', timeoutMs: 30 },
    })
    expect(textOf(await channel.send('any', 3, 1, bytesOf('new socket')))).toBe('new socket')
  })

  it('resolves without bytes when no answer is expected', async () => {
    const peer = await startPeer()
    peer.parked.add(0)
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('produce')
    expect(await channel.send('any', 0, 7, bytesOf('acks 0'), { expectResponse: false })).toHaveLength(0)
  })

  it('gives up connecting to a broker that never answers when it is closed', async () => {
    const peer = await startPeer(() => false)
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('admin')
    const sent = channel.send('any', 3, 1, bytesOf('x')).catch((error: unknown) => error)
    while (peer.sockets.size === 0) await new Promise((resolve) => setImmediate(resolve))
    await channel.close()
    expect(await sent).toMatchObject({ code: 'MR_TRANSPORT_DISCONNECTED' })
  })

  it('tries the next seed when one refuses', async () => {
    const peer = await startPeer()
    const gone = await startPeer()
    await gone.close()
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${gone.port}`, `127.0.0.1:${peer.port}`] })
    const channel = await transport.open('admin')
    expect(textOf(await channel.send('any', 3, 1, bytesOf('here')))).toBe('here')
  })

  it('says that nothing listens on a refused port', async () => {
    const gone = await startPeer()
    await gone.close()
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${gone.port}`] })
    const channel = await transport.open('admin')
    await expect(channel.send('any', 3, 1, bytesOf('x'))).rejects.toMatchObject({
      code: 'MR_TRANSPORT_DISCONNECTED',
      name: 'RetriableError',
      message: expect.stringContaining(`127.0.0.1:${gone.port} failed: nothing listens there`),
    })
  })

  it('calls a host name that does not exist an option to correct', async () => {
    await using transport = kafkajsTransport({ brokers: ['no-such-host.invalid:9092'] })
    const channel = await transport.open('admin')
    await expect(channel.send('any', 3, 1, bytesOf('x'))).rejects.toMatchObject({
      code: 'MR_CONFIG_INVALID',
      message: expect.stringContaining('no-such-host.invalid:9092'),
    })
  })

  it('hints at SASL and TLS when the broker hangs up before its first answer', async () => {
    const peer = await startPeer((socket) => {
      socket.once('data', () => socket.end())
      return false
    })
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('admin')
    await expect(channel.send('any', 3, 1, bytesOf('x'))).rejects.toMatchObject({
      code: 'MR_TRANSPORT_DISCONNECTED',
      message: expect.stringContaining('expects SASL or TLS'),
    })
  })

  it.each([
    [{ brokers: [] as string[] }, 'MR_CONFIG_MISSING'],
    [{ brokers: ['localhost'] }, 'MR_CONFIG_INVALID'],
    [{ brokers: ['localhost:99999'] }, 'MR_CONFIG_INVALID'],
  ])('refuses brokers that cannot be addresses (%j)', (config, code) => {
    expect(() => kafkajsTransport(config)).toThrow(expect.objectContaining({ code }))
  })

  it('has no timers left on an idle connection', async () => {
    const peer = await startPeer()
    await using transport = kafkajsTransport({ brokers: [`127.0.0.1:${peer.port}`] })
    const channel = await transport.open('admin')
    await channel.send('any', 3, 1, bytesOf('x'))
    await new Promise((resolve) => setImmediate(resolve))
    const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout')
    await channel.send('any', 3, 1, bytesOf('y'))
    expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThanOrEqual(
      timers.length,
    )
  })
})
