import { describe, expect, it } from 'vitest'
import { FakeCluster } from '../../test/fake-cluster.ts'
import { VirtualTime, virtualSurroundings } from '../../test/virtual-time.ts'
import { ByteWriter } from '../codec/byte-writer.ts'
import { apiVersions, fetch, heartbeat, metadata } from '../codec/apis.ts'
import { errorCode } from '../codec/error-code.ts'
import { Cluster } from './cluster.ts'

function setup(): { time: VirtualTime; fake: FakeCluster; cluster: Cluster } {
  const time = new VirtualTime()
  const fake = new FakeCluster(time)
  fake.addTopic('a', 2)
  return { time, fake, cluster: new Cluster(fake, virtualSurroundings(time)) }
}

describe('a cluster', () => {
  it('takes the highest version that both sides speak', async () => {
    const { time, fake, cluster } = setup()
    fake.maxVersions.set('Metadata', 7)
    expect(await time.run(cluster.version('any', metadata))).toBe(7)
    expect(await time.run(cluster.version(1, fetch))).toBe(17)
    expect(await time.run(cluster.version(1, fetch, 12))).toBe(12)
    expect(fake.requests.filter(({ api }) => api === 'ApiVersions')).toHaveLength(2)
  })

  it('says which versions a broker offers when none fits', async () => {
    const { time, fake, cluster } = setup()
    fake.maxVersions.set('Metadata', 3)
    await expect(time.run(cluster.metadata.refresh(['a']))).rejects.toMatchObject({
      code: 'MR_PROTOCOL_OFFERED',
      details: { api: 'Metadata', offered: '0–3', spoken: '4–12' },
    })
  })

  it('asks an old broker again in the version it understands', async () => {
    const { time, fake, cluster } = setup()
    const send = fake.send.bind(fake)
    const asked: number[] = []
    fake.send = async (node, apiKey, version, ...rest) => {
      if (apiKey !== apiVersions.key) return send(node, apiKey, version, ...rest)
      asked.push(version)
      const writer = new ByteWriter(32)
      writer.int16(version === 0 ? 0 : errorCode.UNSUPPORTED_VERSION)
      writer.int32(1)
      for (const number of [metadata.key, 0, 5]) writer.int16(number)
      return writer.take()
    }
    expect(await time.run(cluster.version('any', metadata))).toBe(5)
    expect(asked).toEqual([3, 0])
    expect((await cluster.features()).size).toBe(0)
  })

  it('asks for versions again after a connection was lost', async () => {
    const { time, fake, cluster } = setup()
    await time.run(cluster.metadata.refresh(['a']))
    fake.fault = ({ api }) => (api === 'Metadata' ? 'lost-answer' : null)
    await expect(time.run(cluster.metadata.refresh())).rejects.toMatchObject({ code: 'MR_TRANSPORT_DISCONNECTED' })
    fake.fault = () => null
    fake.maxVersions.set('Metadata', 9)
    await time.run(cluster.metadata.refresh())
    expect(fake.requests.at(-1)).toMatchObject({ api: 'Metadata', version: 9 })
  })

  it('ends every loop once it is closed', async () => {
    const { time, cluster } = setup()
    await cluster.close()
    await expect(time.run(cluster.metadata.need(['a']))).rejects.toMatchObject({ code: 'MR_RUNTIME_CLOSED' })
  })
})

describe('its metadata', () => {
  it('is asked for once by all who wait', async () => {
    const { time, fake, cluster } = setup()
    await time.run(
      Promise.all([cluster.metadata.refresh(['a']), cluster.metadata.refresh(['a']), cluster.metadata.refresh()]),
    )
    expect(fake.requests.filter(({ api }) => api === 'Metadata')).toHaveLength(1)
    expect(cluster.metadata.leader('a', 1)).toMatchObject({ partition: 1, leader: 2, leaderEpoch: 0 })
  })

  it('waits for leaders, and for topics only a little', async () => {
    const { time, fake, cluster } = setup()
    fake.partition('a', 0).leader = -1
    const waiting = cluster.metadata.need(['a'])
    await time.run(time.sleep(3000))
    fake.partition('a', 0).leader = 3
    expect(await time.run(waiting)).toMatchObject([{ name: 'a', partitions: [{ leader: 3 }, { leader: 2 }] }])
    await expect(time.run(cluster.metadata.need(['a', 'b']))).rejects.toMatchObject({
      code: 'MR_PROTOCOL_TOPIC_MISSING',
      details: { topic: 'b' },
    })
  })
})

describe('a call to a coordinator', () => {
  const beat = { groupId: 'g', generationId: 1, memberId: 'm' }

  it('goes where the coordinator is, and again where it has moved to', async () => {
    const { time, fake, cluster } = setup()
    let coordinator = 2
    fake.handlers.set('FindCoordinator', () => ({
      coordinators: [{ key: 'g', nodeId: coordinator, host: 'localhost', port: 9002 }],
    }))
    fake.handlers.set('Heartbeat', (_body, node) => {
      if (node === coordinator) return { errorCode: 0 }
      return { errorCode: errorCode.NOT_COORDINATOR }
    })
    const call = async (): Promise<number> => {
      const response = await cluster.coordinators.call({
        kind: 'group',
        key: 'g',
        api: heartbeat,
        body: beat,
        codeOf: (sent) => sent.errorCode,
        timeoutMs: 10_000,
      })
      return response.errorCode
    }
    expect(await time.run(call())).toBe(0)
    coordinator = 3
    expect(await time.run(call())).toBe(0)
    const nodes = fake.requests.filter(({ api }) => api === 'Heartbeat').map(({ node }) => node)
    expect(nodes).toEqual([2, 2, 3])
  })

  it('is given up at the deadline with the last reason', async () => {
    const { time, fake, cluster } = setup()
    fake.handlers.set('FindCoordinator', () => ({
      coordinators: [{ key: 'g', nodeId: -1, errorCode: errorCode.COORDINATOR_NOT_AVAILABLE }],
    }))
    const call = cluster.coordinators.call({
      kind: 'group',
      key: 'g',
      api: heartbeat,
      body: beat,
      codeOf: (sent) => sent.errorCode,
      timeoutMs: 1000,
    })
    const error = await time.run(call.catch((thrown: Error) => thrown))
    expect(error).toMatchObject({ code: 'MR_PROTOCOL_DEADLINE' })
    expect((error as Error).message).toContain('COORDINATOR_NOT_AVAILABLE')
  })

  it('does not send again what must not be repeated', async () => {
    const { time, fake, cluster } = setup()
    fake.handlers.set('FindCoordinator', () => ({
      coordinators: [{ key: 'g', nodeId: 2, host: 'localhost', port: 9002 }],
    }))
    fake.fault = ({ api }) => (api === 'Heartbeat' ? 'lost-answer' : null)
    fake.handlers.set('Heartbeat', () => ({}))
    const call = cluster.coordinators.call({
      kind: 'group',
      key: 'g',
      api: heartbeat,
      body: beat,
      codeOf: (sent) => sent.errorCode,
      timeoutMs: 1000,
      resend: false,
    })
    await expect(time.run(call)).rejects.toMatchObject({ name: 'UnknownOutcome' })
    expect(fake.requests.filter(({ api }) => api === 'Heartbeat')).toHaveLength(1)
  })
})
