/**
 * The leader with a small group around it: members hold tasks, give up what is taken from them, rejoin, and tell the next
 * leader what they have, all through the real bytes.
 */
import { formatTopicPartition, type TaskId, type TopicPartition } from '@millrace/core'
import type { BuiltTopology, SubTopology } from '@millrace/core/internal'
import { silentLogger } from '@millrace/core/port'
import { describe, expect, it } from 'vitest'
import { assignmentError, leadAssignment, type LeaderOptions } from './leader.ts'
import { type ReceivedAssignment, readAssignment } from './received-assignment.ts'
import { encodeSubscription } from './subscription.ts'

const sub = (id: number, part: Partial<SubTopology>): SubTopology => ({
  id,
  nodes: [],
  sourceTopics: [],
  sinkTopics: [],
  stores: [],
  globalStores: [],
  repartitionTopics: [],
  changelogTopics: [],
  copartitionGroups: [],
  ...part,
})
/** Sub-topology 0: stateless on `a`; 1: joined `b` and `c` with a store. */
const topology = {
  subTopologies: [
    sub(0, { sourceTopics: ['a'] }),
    sub(1, { sourceTopics: ['b', 'c'], stores: ['s'], copartitionGroups: [['b', 'c']] }),
  ],
  stores: [{ definition: { name: 's' }, processors: [], changelogTopic: 's-changelog', changelogIsSource: false }],
  topicName: (name: string, app: string) => (name.endsWith('changelog') ? `${app}-${name}` : name),
} as unknown as BuiltTopology
const counts: Record<string, number> = { a: 3, b: 4, c: 4 }
const end = 1_000

class Member {
  readonly id: string
  readonly process: string
  generationId = -1
  active = new Map<string, { id: TaskId; inputs: readonly TopicPartition[] }>()
  standby: TaskId[] = []
  last: ReceivedAssignment | null = null
  shutdown = false
  caughtUp = true
  server: string | null = null

  constructor(id: string, process: number) {
    this.id = id
    this.process = `00000000-0000-4000-8000-${String(process).padStart(12, '0')}`
  }

  get owned(): TopicPartition[] {
    return [...this.active.values()].flatMap((task) => task.inputs)
  }

  metadata(): Uint8Array {
    return encodeSubscription({
      processId: this.process,
      topics: ['a', 'b', 'c'],
      owned: this.owned,
      generationId: this.generationId,
      applicationServer: this.server,
      running: [...this.active.values()].map((task) => task.id),
      offsetSums: this.standby.map((task) => ({ task, offsetSum: this.caughtUp ? end : 0 })),
      uniqueField: 1,
      shutdownRequested: this.shutdown,
    })
  }

  /** @returns true if it gave something up and has to rejoin */
  take(bytes: Uint8Array, generationId: number): boolean {
    const assignment = readAssignment(bytes)
    const names = new Set(assignment.active.map((task) => task.name))
    const revokes = [...this.active.keys()].some((name) => !names.has(name))
    this.active = new Map(assignment.active.map((task) => [task.name, task]))
    this.standby = [...assignment.standby]
    this.last = assignment
    this.generationId = generationId
    return revokes
  }
}

function options(part: Partial<LeaderOptions['cluster']> = {}): LeaderOptions {
  return {
    topology,
    applicationId: 'app',
    settings: { numStandbyReplicas: 0, acceptableRecoveryLag: 10, maxWarmupReplicas: 2 },
    logger: silentLogger,
    memberId: 'm0',
    probeAtMs: 12_345,
    cluster: {
      sourceTopics: async () => ({ count: (topic) => counts[topic], patternTopics: new Map() }),
      ensureInternalTopics: async () => undefined,
      endOffsets: async (partitions) =>
        new Map(partitions.map(({ topic, partition }) => [formatTopicPartition(topic, partition), end])),
      ...part,
    },
  }
}

let generation = 0
/** Rebalances until nobody has to give anything up; checks that no partition ever has two owners. */
async function settle(members: readonly Member[], how: LeaderOptions = options()): Promise<void> {
  for (let round = 0; round < 20; round++) {
    generation++
    const given = await leadAssignment(
      members.map((m) => ({ memberId: m.id, metadata: m.metadata() })),
      how,
    )
    const before = new Map(
      members.flatMap((m) => m.owned.map((p) => [formatTopicPartition(p.topic, p.partition), m.id])),
    )
    let again = false
    for (const member of members) {
      const held = new Set(member.owned.map((p) => formatTopicPartition(p.topic, p.partition)))
      if (member.take(given.get(member.id) ?? new Uint8Array(0), generation)) again = true
      for (const { topic, partition } of member.owned) {
        const name = formatTopicPartition(topic, partition)
        if (!held.has(name)) expect([name, before.get(name)]).toEqual([name, undefined])
      }
    }
    if (!again) return
  }
  throw new Error('the group never settles')
}

describe('leadAssignment', () => {
  it('gives every partition to exactly one member, with the task it belongs to', async () => {
    const members = [new Member('m0', 0), new Member('m1', 1)]
    await settle(members)
    const names = members.flatMap((m) => m.owned.map((p) => formatTopicPartition(p.topic, p.partition)))
    expect(names.toSorted()).toEqual(['a-0', 'a-1', 'a-2', 'b-0', 'b-1', 'b-2', 'b-3', 'c-0', 'c-1', 'c-2', 'c-3'])
    const joined = members.flatMap((m) => [...m.active]).find(([name]) => name === '1_2')
    expect(joined?.[1].inputs).toEqual([
      { topic: 'b', partition: 2 },
      { topic: 'c', partition: 2 },
    ])
  })

  it('moves tasks to a new member only after the old one gave them up and the new one has caught up', async () => {
    const members = [new Member('m0', 0)]
    await settle(members)
    const late = new Member('m1', 1)
    late.caughtUp = false
    members.push(late)
    await settle(members)
    expect(members[0]?.last?.nextRebalanceMs).toBe(12_345)
    expect(members[1]?.standby).toHaveLength(2)
    expect([...(members[1]?.active.keys() ?? [])].some((name) => name.startsWith('1_'))).toBe(false)
    late.caughtUp = true
    await settle(members)
    expect([...(members[1]?.active.keys() ?? [])].filter((name) => name.startsWith('1_'))).toHaveLength(2)
    expect(members[0]?.last?.nextRebalanceMs).toBe(Number.POSITIVE_INFINITY)
  })

  it('spreads a process over its workers', async () => {
    const members = [new Member('m0', 0), new Member('m1', 0), new Member('m2', 0)]
    await settle(members)
    expect(members.map((m) => m.active.size).toSorted((a, b) => a - b)).toEqual([2, 2, 3])
  })

  it('hands the tasks of a member that vanished to the others at once', async () => {
    const members = [new Member('m0', 0), new Member('m1', 1)]
    await settle(members)
    const [left] = members
    await settle(left === undefined ? [] : [left])
    expect(left?.active.size).toBe(7)
  })

  it('believes the later generation when a zombie claims the same partitions', async () => {
    const members = [new Member('m0', 0), new Member('m1', 1)]
    await settle(members)
    const zombie = new Member('m2', 2)
    zombie.active = new Map(members[0]?.active)
    zombie.generationId = 0
    const kept = [...(members[0]?.active.keys() ?? [])]
    await settle([...members, zombie])
    expect(kept.filter((name) => name.startsWith('1_')).every((name) => members[0]?.active.has(name))).toBe(true)
  })

  it('tells all members when a source topic is missing', async () => {
    const member = new Member('m0', 0)
    await settle(
      [member],
      options({ sourceTopics: async () => ({ count: () => undefined, patternTopics: new Map() }) }),
    )
    expect(member.last?.errorCode).toBe(assignmentError.topicsMissing)
    expect(member.active.size).toBe(0)
  })

  it('passes a request to shut down on to all members', async () => {
    const members = [new Member('m0', 0), new Member('m1', 1)]
    ;(members[1] as Member).shutdown = true
    await settle(members)
    expect(members.map((m) => m.last?.errorCode)).toEqual([4, 4])
  })

  it('tells where partitions can be queried', async () => {
    const members = [new Member('m0', 0), new Member('m1', 1)]
    ;(members[0] as Member).server = 'one:7070'
    await settle(members)
    const [host] = members[1]?.last?.partitionsByHost ?? []
    expect(host?.host).toEqual({ host: 'one', port: 7070 })
    expect(host?.partitions.length).toBe(members[0]?.owned.length)
  })

  it('counts any state as full when end offsets cannot be had', async () => {
    const member = new Member('m0', 0)
    await settle([member], options({ endOffsets: async () => null }))
    expect(member.active.size).toBe(7)
  })

  it('reads no bytes as an assignment of nothing', () => {
    expect(readAssignment(new Uint8Array(0))).toMatchObject({ active: [], standby: [], errorCode: 0 })
  })

  it.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'comes to rest although rebalances follow faster than tasks open, and leaves none unassigned (seed %i)',
    async (seed) => {
      const random = generator(seed)
      const int = (n: number): number => Math.floor(random() * n)
      let serial = 0
      const member = (): SlowMember => new SlowMember(`m${serial}`, int(2) === 0 ? serial++ : serial++ % 2)
      let members = Array.from({ length: 1 + int(3) }, member)
      const log = int(2) === 0 ? 5 : end
      const slow = options({
        endOffsets: async (partitions) =>
          new Map(partitions.map(({ topic, partition }) => [formatTopicPartition(topic, partition), log])),
      })
      for (let change = 0; change < 5; change++) {
        for (let round = 0, calm = 0; calm < 3; round++) {
          if (round > 60) throw new Error('the group never comes to rest')
          generation++
          const joining = members.map((m) => ({ memberId: m.id, metadata: m.slowMetadata(log) }))
          const given = await leadAssignment(joining, slow)
          const before = members.map((m) => [...m.active.keys()].join())
          for (const m of members) m.takeSlowly(given.get(m.id) ?? new Uint8Array(0), generation, log)
          const isCalm = members.every((m, i) => [...m.active.keys()].join() === before[i])
          if (isCalm) for (const m of members) m.finishOpening(log)
          calm = isCalm ? calm + 1 : 0
        }
        const held = members.flatMap((m) => [...m.active.keys()])
        expect(held.toSorted()).toEqual(['0_0', '0_1', '0_2', '1_0', '1_1', '1_2', '1_3'])
        if (members.length > 1 && random() < 0.5) members = members.toSpliced(int(members.length), 1)
        else members = [...members, member()]
      }
    },
  )
})

/** A member whose tasks open only when the group leaves it time, and whose state stays on disk when a task goes. */
class SlowMember extends Member {
  readonly #disk = new Map<string, number>()
  readonly #opening = new Set<string>()

  slowMetadata(log: number): Uint8Array {
    const sums = new Map(this.#disk)
    for (const name of this.active.keys()) {
      if (this.#opening.has(name)) sums.set(name, this.#disk.get(name) ?? 0)
      else sums.delete(name)
    }
    for (const { subTopology, partition } of this.standby) sums.set(`${subTopology}_${partition}`, log)
    const id = (name: string): TaskId => ({ subTopology: Number(name[0]), partition: Number(name.slice(2)) })
    return encodeSubscription({
      processId: this.process,
      topics: ['a', 'b', 'c'],
      owned: this.owned,
      generationId: this.generationId,
      applicationServer: null,
      running: [...this.active].filter(([name]) => !this.#opening.has(name)).map(([, task]) => task.id),
      offsetSums: [...sums]
        .filter(([name]) => name.startsWith('1_'))
        .map(([name, offsetSum]) => ({ task: id(name), offsetSum })),
      uniqueField: 1,
      shutdownRequested: false,
    })
  }

  takeSlowly(bytes: Uint8Array, generationId: number, log: number): void {
    const had = new Set(this.active.keys())
    this.take(bytes, generationId)
    for (const { subTopology, partition } of this.standby) this.#disk.set(`${subTopology}_${partition}`, log)
    for (const name of had) if (!this.active.has(name)) this.#opening.delete(name)
    for (const name of this.active.keys()) if (!had.has(name)) this.#opening.add(name)
  }

  finishOpening(log: number): void {
    for (const name of this.#opening) this.#disk.set(name, log)
    this.#opening.clear()
  }
}

function generator(seed: number): () => number {
  let state = seed + 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
