import { connect, type Socket } from 'node:net'
import {
  apiVersions,
  createTopics,
  decodeReceivedResponse,
  decodeResponse,
  encodeRequest,
  encodeRequestHeader,
  encodeSentRequest,
  fetch,
  heartbeat,
  joinGroup,
  metadata,
  produce,
} from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { batch, contents } from '../test/batches.ts'
import { VirtualSurroundings } from '../test/virtual-surroundings.ts'
import { EmbeddedBroker, stateOf } from './embedded-broker.ts'

/** A connection that speaks frames. */
class Wire {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  readonly closed: Promise<void>
  #wake: () => void = () => undefined

  constructor(bootstrap: string) {
    const [host = '', port = ''] = bootstrap.split(':')
    this.socket = connect(Number(port), host)
    this.socket.on('data', (part) => {
      this.#received = Buffer.concat([this.#received, part])
      this.#wake()
    })
    this.closed = new Promise((resolve) => {
      this.socket.on('close', () => resolve())
    })
  }

  /** The next frame without its size. */
  async frame(): Promise<Buffer> {
    while (this.#received.length < 4 || this.#received.length < 4 + this.#received.readInt32BE(0)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    const end = 4 + this.#received.readInt32BE(0)
    const frame = this.#received.subarray(4, end)
    this.#received = this.#received.subarray(end)
    return frame
  }
}

function frameOf(header: Uint8Array, body: Uint8Array): Buffer {
  const size = Buffer.alloc(4)
  size.writeInt32BE(header.length + body.length)
  return Buffer.concat([size, header, body])
}

describe('the loopback port', () => {
  it('answers in the order of the requests, however the bytes are cut', async () => {
    await using broker = await EmbeddedBroker.start({ port: 0 })
    const wire = new Wire(broker.bootstrap)
    const frames = [11, 12, 13].map((correlationId) =>
      frameOf(
        encodeRequestHeader(metadata, 9, { correlationId, clientId: 'ü' }),
        encodeRequest(metadata, 9, { topics: [] }),
      ),
    )
    for (const byte of Buffer.concat(frames)) wire.socket.write(Buffer.of(byte))
    for (const correlationId of [11, 12, 13]) {
      const frame = await wire.frame()
      expect(frame.readInt32BE(0)).toBe(correlationId)
      expect(decodeReceivedResponse(metadata, 9, frame.subarray(4)).brokers).toMatchObject([
        { nodeId: 1, host: '127.0.0.1' },
      ])
    }
    wire.socket.destroy()
  })

  it('answers ApiVersions in a version it does not know with 35, and hangs up on any other', async () => {
    await using broker = await EmbeddedBroker.start({ port: 0 })
    const wire = new Wire(broker.bootstrap)
    const ask = (apiKey: number, version: number): void => {
      const header = Buffer.alloc(10)
      header.writeInt16BE(apiKey, 0)
      header.writeInt16BE(version, 2)
      header.writeInt32BE(5, 4)
      header.writeInt16BE(-1, 8)
      wire.socket.write(frameOf(header, new Uint8Array(4)))
    }
    ask(18, 99)
    const answer = decodeResponse(apiVersions, 0, await wire.frame(), 4)
    expect(answer).toMatchObject({ errorCode: 35, apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }] })
    ask(1, 99)
    await wire.closed
  })

  it('hangs up on a frame that is none', async () => {
    await using broker = await EmbeddedBroker.start({ port: 0 })
    const wire = new Wire(broker.bootstrap)
    wire.socket.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    await wire.closed
  })

  it('that is taken is an error with a name', async () => {
    await using broker = await EmbeddedBroker.start({ port: 0 })
    const port = Number(broker.bootstrap.split(':')[1])
    await expect(EmbeddedBroker.start({ port })).rejects.toMatchObject({ code: 'MR_BROKER_PORT' })
  })

  it('offers the versions of the release it plays', async () => {
    for (const [version, produceMax, features] of [
      ['3.9', 11, ['metadata.version']],
      ['4.x', 13, ['metadata.version', 'transaction.version']],
    ] as const) {
      await using broker = await EmbeddedBroker.start({ version })
      const channel = await broker.transport().open('admin')
      const bytes = await channel.send('any', 18, 4, encodeSentRequest(apiVersions, 4, {}))
      const answer = decodeReceivedResponse(apiVersions, 4, bytes)
      expect(answer.apiKeys.find((entry) => entry.apiKey === 0)?.maxVersion).toBe(produceMax)
      expect(answer.finalizedFeatures.map((feature) => feature.name)).toEqual(features)
    }
  })
})

describe('the transport', () => {
  it('fails what is pending when it is closed, and everything after', async () => {
    const broker = await EmbeddedBroker.start()
    const channel = await broker.transport().open('group')
    const parked = channel.send('any', 11, 5, joining(''))
    const { memberId } = decodeReceivedResponse(joinGroup, 5, await parked)
    const first = await channel.send('any', 11, 5, joining(memberId))
    expect(decodeReceivedResponse(joinGroup, 5, first).errorCode).toBe(0)
    const fetching = channel.send(
      'any',
      1,
      11,
      encodeSentRequest(fetch, 11, { maxWaitMs: 60_000, minBytes: 1, topics: [] }),
    )
    await broker.close()
    await broker.close()
    await expect(fetching).rejects.toMatchObject({ code: 'MR_TRANSPORT_DISCONNECTED' })
    await expect(channel.send('any', 3, 9, new Uint8Array(8))).rejects.toMatchObject({
      code: 'MR_TRANSPORT_DISCONNECTED',
    })
  })

  it('times out what is not answered', async () => {
    await using broker = await EmbeddedBroker.start()
    const channel = await broker.transport().open('fetch')
    const body = encodeSentRequest(fetch, 11, { maxWaitMs: 1000, minBytes: 1, topics: [] })
    await expect(channel.send('any', 1, 11, body, { timeoutMs: 5 })).rejects.toMatchObject({
      code: 'MR_TRANSPORT_TIMEOUT',
    })
  })

  it('answers a heartbeat while another channel is parked', async () => {
    await using broker = await EmbeddedBroker.start()
    const transport = broker.transport()
    const parked = await transport.open('fetch')
    const waiting = parked.send('any', 1, 11, encodeSentRequest(fetch, 11, { maxWaitMs: 50, minBytes: 1, topics: [] }))
    const other = await transport.open('group')
    const claim = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
    const answer = await other.send('any', 12, 3, encodeSentRequest(heartbeat, 3, claim))
    expect(decodeReceivedResponse(heartbeat, 3, answer).errorCode).toBe(25)
    await waiting
  })

  it('does not wait for an answer to a produce without one', async () => {
    await using broker = await EmbeddedBroker.start()
    const channel = await broker.transport().open('produce')
    await channel.send(
      'any',
      19,
      4,
      encodeSentRequest(createTopics, 4, { topics: [{ name: 't', numPartitions: 1, replicationFactor: 1 }] }),
    )
    const records = batch([{ key: 'k', value: 'v' }])
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
    const body = encodeSentRequest(produce, 7, { acks: 0, timeoutMs: 0, topicData })
    expect(await channel.send('any', 0, 7, body, { expectResponse: false })).toHaveLength(0)
    await channel.send('any', 3, 8, encodeSentRequest(metadata, 8, { topics: [] }))
    expect(contents(stateOf(broker).topics.partition('t', 0)!.log)).toEqual(['0:k=v'])
  })

  it('spreads leaders over its nodes, and each answers for its own', async () => {
    await using broker = await EmbeddedBroker.start({ nodes: 3 })
    stateOf(broker).topics.create({ name: 't', partitions: 3, replicationFactor: 2, config: new Map() })
    expect(
      stateOf(broker)
        .topics.get('t')
        ?.partitions.map((partition) => partition.leader),
    ).toEqual([1, 2, 3])
    const channel = await broker.transport().open('produce')
    const records = batch([{ key: 'k', value: 'v' }])
    const topicData = [{ name: 't', partitionData: [0, 1].map((index) => ({ index, records })) }]
    const body = encodeSentRequest(produce, 7, { acks: -1, timeoutMs: 0, topicData })
    const answer = decodeReceivedResponse(produce, 7, await channel.send(2, 0, 7, body))
    expect(answer.responses[0]?.partitionResponses.map((partition) => partition.errorCode)).toEqual([6, 0])
    await expect(channel.send(7, 0, 7, body)).rejects.toMatchObject({ code: 'MR_TRANSPORT_DISCONNECTED' })
  })
})

describe('upkeep', () => {
  it('compacts and applies retention by itself', async () => {
    const surroundings = new VirtualSurroundings()
    const { clock, timers, random, defer } = surroundings
    const config = { 'log.cleaner.backoff.ms': 100, 'log.retention.check.interval.ms': 100, 'log.segment.bytes': 200 }
    const broker = await EmbeddedBroker.start({ clock, timers, random, defer, config })
    const { topics } = stateOf(broker)
    topics.create({
      name: 'table',
      partitions: 1,
      replicationFactor: 1,
      config: new Map([['cleanup.policy', 'compact']]),
    })
    topics.create({ name: 'log', partitions: 1, replicationFactor: 1, config: new Map([['retention.ms', '1000']]) })
    const channel = await broker.transport().open('produce')
    for (const name of ['table', 'log']) {
      for (let i = 0; i < 9; i++) {
        const records = batch([{ key: 'k', value: `${i}`, timestampMs: surroundings.nowMs }])
        const topicData = [{ name, partitionData: [{ index: 0, records }] }]
        const sent = channel.send('any', 0, 7, encodeSentRequest(produce, 7, { acks: -1, timeoutMs: 0, topicData }))
        surroundings.settle()
        await sent
      }
    }
    surroundings.advance(500)
    expect(contents(topics.partition('table', 0)!.log)).toEqual(['7:k=7', '8:k=8'])
    expect(contents(topics.partition('log', 0)!.log)).toHaveLength(9)
    surroundings.advance(1000)
    expect(contents(topics.partition('log', 0)!.log)).toEqual([])
    await broker.close()
    expect(surroundings.pendingTimers).toBe(0)
  })
})

function joining(memberId: string): Uint8Array {
  return encodeSentRequest(joinGroup, 5, {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId,
    groupInstanceId: null,
    protocolType: 'consumer',
    protocols: [{ name: 'p', metadata: new Uint8Array(0) }],
  })
}
