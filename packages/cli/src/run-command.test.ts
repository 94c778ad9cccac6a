import { EmbeddedBroker } from '@millrace/broker'
import { string, StreamsBuilder, topic } from '@millrace/core'
import { silentLogger } from '@millrace/core/port'
import { alterGroupOffsets, Cluster, createTopics, GroupMember } from '@millrace/protocol'
import { encodeMemberAssignment, encodeMemberSubscription } from '@millrace/protocol/internal'
import { nodeClock, nodeRandom, nodeTimers } from '@millrace/runtime/internal'
import { expect, it } from 'vitest'
import { runCommand } from './run-command.ts'

const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }

async function run(words: string[], broker?: EmbeddedBroker, exported: Record<string, unknown> = {}) {
  const out: string[] = []
  const err: string[] = []
  const code = await runCommand(words, {
    connect: async () => new Cluster(await (broker as EmbeddedBroker).transport().open('admin'), around),
    load: async () => exported,
    out: (line) => out.push(line),
    err: (line) => err.push(line),
  })
  return { code, out, err }
}

it('prints the topology that a module exports, as Kafka does', async () => {
  const builder = new StreamsBuilder()
  const words = topic('words', { key: string(), value: string() })
  builder.stream(words).to(topic('copies', { key: string(), value: string() }))
  const { code, out } = await run(['topology', 'app.js'], undefined, { builder })
  expect(code).toBe(0)
  expect(out[0]).toContain('Source: KSTREAM-SOURCE-0000000000 (topics: [words])')
  expect((await run(['topology', 'app.js'], undefined, { other: 1 })).err[0]).toContain('exports other')
})

it('lists topics as a table and as JSON lines', async () => {
  await using broker = await EmbeddedBroker.start()
  await using cluster = new Cluster(await broker.transport().open('admin'), around)
  await createTopics(cluster, [{ name: 'orders', partitions: 3 }])
  expect((await run(['topics'], broker)).out).toEqual(['topic   partitions', 'orders           3'])
  expect((await run(['topics', '--json'], broker)).out).toEqual(['{"topic":"orders","partitions":3}'])
})

it('answers what is not there with exit code 3, and wrong use with 2 and the usage', async () => {
  await using broker = await EmbeddedBroker.start()
  expect(await run(['lag', 'nobody'], broker)).toMatchObject({ code: 3 })
  expect(await run(['groups', 'nobody'], broker)).toMatchObject({ code: 3 })
  expect((await run(['lagg'], broker)).code).toBe(2)
  const wrong: [words: string[], says: string][] = [
    [['lag'], '"millrace lag" needs a GROUP'],
    [['topology'], '"millrace topology" needs a FILE'],
    [['lag', 'one', 'two', 'three'], '"millrace lag" does not take "two three"'],
    [['topics', 'orders'], '"millrace topics" does not take "orders"'],
    [['groups', 'one', 'two'], 'does not take "two"'],
    [['lag', 'one', '--format', 'xml'], '--format is for "millrace topology"'],
    [['topology', 'app.js', '--format', 'xml'], '--format "xml"'],
    [['topology', 'app.js', '--kafka', 'here:1'], 'no --kafka'],
    [['topics', '--kafka='], '--kafka needs'],
    [['constructor'], 'is not a command'],
  ]
  for (const [words, says] of wrong) {
    const { code, out, err } = await run(words, broker)
    expect({ words, code, out }).toEqual({ words, code: 2, out: [] })
    expect(err[0]).toContain(says)
    expect(err[0]).toContain('millrace VERB')
  }
  expect((await run(['lag', '--nope'], broker)).err[0]).toContain('--nope')
})

it('says what to do with TypeScript that this Node does not read', async () => {
  const err: string[] = []
  const unread = Object.assign(new TypeError('Unknown file extension ".ts"'), { code: 'ERR_UNKNOWN_FILE_EXTENSION' })
  const code = await runCommand(['topology', 'src/app.ts'], {
    connect: async () => Promise.reject(new Error('no cluster')),
    load: async () => Promise.reject(unread),
    out: () => undefined,
    err: (line) => err.push(line),
  })
  expect(code).toBe(1)
  expect(err[0]).toContain('"src/app.ts" is TypeScript')
  expect(err[0]).toContain('--import tsx')
})

it('shows the lag of every partition that the group reads, committed or not', async () => {
  await using broker = await EmbeddedBroker.start()
  await using cluster = new Cluster(await broker.transport().open('admin'), around)
  await createTopics(cluster, [
    { name: 'orders', partitions: 2 },
    { name: 'returns', partitions: 1 },
  ])
  await createTopics(cluster, [{ name: 'unread', partitions: 1 }])
  await alterGroupOffsets(cluster, 'readers', [{ topic: 'orders', partition: 1, offset: 0 }])
  const orders = [
    '{"topic":"orders","partition":0,"committed":null,"end":0,"lag":0}',
    '{"topic":"orders","partition":1,"committed":0,"end":0,"lag":0}',
  ]
  expect((await run(['lag', 'readers', '--json'], broker)).out).toEqual(orders)
  expect((await run(['lag', 'readers'], broker)).out[1]).toBe('orders          0          –    0    0')

  await using side = new Cluster(await broker.transport().open('group'), around)
  let isAssigned = false
  const subscription = { topics: ['returns'], userData: null, ownedPartitions: [], generationId: -1, rackId: null }
  const member = new GroupMember({
    cluster,
    sideCluster: side,
    groupId: 'readers',
    protocolName: 'range',
    rebalanceProtocol: 'eager',
    sessionTimeoutMs: 6_000,
    heartbeatIntervalMs: 50,
    subscription: () => encodeMemberSubscription(3, subscription),
    assign: (members) => {
      const all = { partitions: [{ topic: 'returns', partition: 0 }], userData: null }
      return new Map(members.map(({ memberId }) => [memberId, encodeMemberAssignment(3, all)]))
    },
    onRevoked: async () => undefined,
    onAssigned: async () => void (isAssigned = true),
    onLost: async () => undefined,
  })
  while (!isAssigned) {
    await member.poll()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const returns = '{"topic":"returns","partition":0,"committed":null,"end":0,"lag":0}'
  expect((await run(['lag', 'readers', '--json'], broker)).out).toEqual([...orders, returns])
})
