/** Membership in classic groups: joining, leaving, being lost, committing. */
import { StreamsError } from '@millrace/core'
import type { Transport } from '@millrace/core/port'
import {
  type CommittedOffset,
  commitOffsets,
  describeGroup,
  fetchCommittedOffsets,
  type GroupIdentity,
  GroupMember,
  type GroupMemberOptions,
  type JoinedMember,
} from '@millrace/protocol'
import { describe, expect, it } from 'vitest'
import { bytes, Fixture, text, until } from './fixture.ts'

/** A member that notes what happens to it; metadata is its name, its assignment the numbers it is given. */
class TestMember {
  readonly log: string[] = []
  readonly member: GroupMember
  identity: GroupIdentity | null = null
  assignment: string | null = null
  led = 0
  #running = true
  readonly #loop: Promise<void>
  failure: unknown = null

  constructor(clusters: Pick<GroupMemberOptions, 'cluster' | 'sideCluster'>, options: TestOptions) {
    this.member = new GroupMember({
      protocolName: 'stream',
      rebalanceProtocol: 'cooperative',
      sessionTimeoutMs: 6000,
      heartbeatIntervalMs: 50,
      ...clusters,
      ...options,
      subscription: () => bytes(options.name),
      assign: (members) => {
        this.led++
        return divide(members)
      },
      onRevoked: async () => void this.log.push('revoked'),
      onAssigned: async (assignment, identity) => {
        this.identity = identity
        this.assignment = text(assignment)
        this.log.push(`assigned ${this.assignment}`)
        await options.onAssigned?.(this)
      },
      onLost: async (reason) => {
        this.assignment = null
        this.log.push(`lost ${reason instanceof StreamsError ? reason.code : String(reason)}`)
      },
    })
    this.#loop = this.#run()
  }

  async #run(): Promise<void> {
    while (this.#running) {
      try {
        await this.member.poll()
      } catch (error) {
        this.failure = error
        return
      }
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  /** Stops the loop, as a blocked process would. */
  async stop(): Promise<void> {
    this.#running = false
    await this.#loop
  }
}

interface TestOptions {
  readonly groupId: string
  readonly name: string
  readonly groupInstanceId?: string
  readonly rebalanceProtocol?: 'eager' | 'cooperative'
  readonly sessionTimeoutMs?: number
  readonly pollIntervalMaxMs?: number
  readonly protocolName?: string
  readonly onAssigned?: (member: TestMember) => Promise<void>
}

/** Six numbers, dealt out over the members in the order of their names. */
function divide(members: readonly JoinedMember[]): Map<string, Uint8Array> {
  const sorted = members.toSorted((a, b) => (text(a.metadata)! < text(b.metadata)! ? -1 : 1))
  return new Map(
    sorted.map(({ memberId }, i) => [
      memberId,
      bytes([0, 1, 2, 3, 4, 5].filter((number) => number % sorted.length === i).join()),
    ]),
  )
}

async function join(f: Fixture, options: TestOptions): Promise<TestMember> {
  const member = new TestMember({ cluster: await f.cluster('group'), sideCluster: await f.cluster() }, options)
  f.onEnd(async () => {
    await member.stop()
    await member.member.leave({ send: true })
  })
  return member
}

const newGroup = (): string => `g-${crypto.randomUUID()}`
const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof StreamsError ? error.code : String(error)),
  )

/** @param open a new transport to the broker under test */
export function groupContract(open: () => Promise<Transport> | Transport): void {
  const fixture = async (): Promise<Fixture> => new Fixture(await open())

  describe('a group member', () => {
    it('joins alone, leads, and is told its assignment inside poll', async () => {
      await using f = await fixture()
      const groupId = newGroup()
      const one = await join(f, { groupId, name: 'one' })
      await until(() => one.assignment !== null)
      expect(one.assignment).toBe('0,1,2,3,4,5')
      expect(one.member.isLeader).toBe(true)
      expect(one.member.leaseValid()).toBe(true)
      expect(one.identity).toEqual({ groupId, generationId: 1, memberId: one.member.memberId, groupInstanceId: null })
      expect(await describeGroup(await f.cluster(), groupId)).toMatchObject({ state: 'Stable', protocolName: 'stream' })
    })

    it('shares with a second member and takes over when that one leaves', async () => {
      await using f = await fixture()
      const groupId = newGroup()
      const one = await join(f, { groupId, name: 'one' })
      await until(() => one.assignment !== null)
      const two = await join(f, { groupId, name: 'two' })
      await until(() => one.assignment === '0,2,4' && two.assignment === '1,3,5')
      expect(one.log).toEqual(['assigned 0,1,2,3,4,5', 'assigned 0,2,4'])
      await two.stop()
      await two.member.leave({ send: true })
      await until(() => one.assignment === '0,1,2,3,4,5')
      expect(one.identity!.generationId).toBeGreaterThan(2)
    })

    it('gives everything up before a rejoin under the eager protocol', async () => {
      await using f = await fixture()
      const groupId = newGroup()
      const one = await join(f, { groupId, name: 'one', rebalanceProtocol: 'eager' })
      await until(() => one.assignment !== null)
      const two = await join(f, { groupId, name: 'two', rebalanceProtocol: 'eager' })
      await until(() => two.assignment !== null && one.log.length === 3)
      expect(one.log).toEqual(['assigned 0,1,2,3,4,5', 'revoked', 'assigned 0,2,4'])
    })

    it('rejoins when asked to, with the same member id', async () => {
      await using f = await fixture()
      const one = await join(f, { groupId: newGroup(), name: 'one' })
      await until(() => one.assignment !== null)
      const { memberId } = one.member
      one.member.requestRejoin('gave partitions up')
      await until(() => one.log.length === 2)
      expect(one.member.memberId).toBe(memberId)
      expect(one.identity!.generationId).toBe(2)
    })

    it('goes on sending heartbeats while a callback takes longer than the session', async () => {
      await using f = await fixture()
      const groupId = newGroup()
      let release = (): void => undefined
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      const one = await join(f, { groupId, name: 'one', sessionTimeoutMs: 1000, onAssigned: async () => held })
      await until(() => one.log.length === 1)
      const cluster = await f.cluster()
      const startMs = performance.now()
      await until(async () => {
        expect(await describeGroup(cluster, groupId)).toMatchObject({ state: 'Stable', members: [{}] })
        return performance.now() - startMs > 2500
      })
      expect(one.member.leaseValid()).toBe(true)
      release()
      expect(one.log).toEqual(['assigned 0,1,2,3,4,5'])
    })

    it('is lost when its loop stops for too long, and comes back as a new member', async () => {
      await using f = await fixture()
      let isBlocked = false
      const one = await join(f, {
        groupId: newGroup(),
        name: 'one',
        pollIntervalMaxMs: 1000,
        onAssigned: async () => {
          if (isBlocked) return
          isBlocked = true
          await until(() => !one.member.leaseValid() || one.member.memberId === '', 'the member leaves')
        },
      })
      await until(() => one.log.length === 3)
      expect(one.log).toEqual(['assigned 0,1,2,3,4,5', 'lost MR_PROTOCOL_MEMBER_LOST', 'assigned 0,1,2,3,4,5'])
    })

    it('keeps its place as a static member that is back before the session ends', async () => {
      await using f = await fixture()
      const groupId = newGroup()
      const one = await join(f, { groupId, name: 'one', groupInstanceId: 'a' })
      const two = await join(f, { groupId, name: 'two', groupInstanceId: 'b' })
      await until(() => one.assignment === '0,2,4' && two.assignment === '1,3,5')
      const { generationId } = one.identity!
      await two.stop()
      await two.member.leave({ send: false })
      const back = await join(f, { groupId, name: 'two', groupInstanceId: 'b' })
      await until(() => back.assignment !== null)
      expect(back.assignment).toBe('1,3,5')
      expect(back.identity!.generationId).toBe(generationId)
      expect(back.member.memberId).not.toBe(two.identity!.memberId)
    })

    it('fails when another process has its instance id', async () => {
      await using f = await fixture()
      const groupId = newGroup()
      const one = await join(f, { groupId, name: 'one', groupInstanceId: 'a' })
      await until(() => one.assignment !== null)
      const twin = await join(f, { groupId, name: 'one', groupInstanceId: 'a' })
      await until(() => one.failure !== null && twin.assignment !== null)
      expect(one.failure).toMatchObject({ code: 'MR_PROTOCOL_INSTANCE_FENCED' })
    })

    it('says that the group belongs to another kind of application', async () => {
      await using f = await fixture()
      const groupId = newGroup()
      const one = await join(f, { groupId, name: 'one' })
      await until(() => one.assignment !== null)
      const stranger = await join(f, { groupId, name: 'two', protocolName: 'other' })
      await until(() => stranger.failure !== null)
      expect(stranger.failure).toMatchObject({ code: 'MR_PROTOCOL_GROUP' })
    })
  })

  describe('commits of a member', () => {
    const offsetOf = async (f: Fixture, group: string, topic: string): Promise<CommittedOffset> =>
      (await fetchCommittedOffsets(await f.cluster(), group, [{ topic, partition: 0 }]))[0]!

    it('carry offset, epoch and metadata', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const groupId = newGroup()
      const one = await join(f, { groupId, name: 'one' })
      await until(() => one.assignment !== null)
      await one.member.commit([{ topic, partition: 0, offset: 42, leaderEpoch: 0, metadata: 'm' }])
      expect(await offsetOf(f, groupId, topic)).toEqual({
        topic,
        partition: 0,
        offset: 42,
        leaderEpoch: 0,
        metadata: 'm',
      })
    })

    it('are refused to a generation that is over and to a stranger', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const groupId = newGroup()
      const one = await join(f, { groupId, name: 'one' })
      await until(() => one.assignment !== null)
      const old = one.identity!
      one.member.requestRejoin('again')
      await until(() => one.log.length === 2)
      const cluster = await f.cluster()
      const offsets = [{ topic, partition: 0, offset: 1 }]
      expect(await codeOf(commitOffsets(cluster, old, offsets))).toBe('MR_PROTOCOL_MEMBER_LOST')
      const stranger = { ...one.identity!, memberId: 'nobody' }
      expect(await codeOf(commitOffsets(cluster, stranger, offsets))).toBe('MR_PROTOCOL_MEMBER_LOST')
      expect((await offsetOf(f, groupId, topic)).offset).toBe(-1)
    })

    it('are put off while the group rebalances, and possible with the new generation', async () => {
      await using f = await fixture()
      const topic = await f.topic()
      const groupId = newGroup()
      const one = await join(f, { groupId, name: 'one' })
      await until(() => one.assignment !== null)
      const { member } = one
      const old = one.identity!
      await one.stop()
      const two = await join(f, { groupId, name: 'two' })
      // The loop is stopped: start the rejoin by hand and let its assignment lie.
      await until(() => member.isRebalancing, 'the heartbeat tells of the rebalance')
      await member.poll()
      await until(() => two.assignment !== null)
      const offsets = [{ topic, partition: 0, offset: 5 }]
      expect(await codeOf(member.commit(offsets, { identity: old }))).toBe('MR_PROTOCOL_REBALANCE')
      await until(async () => {
        await member.poll()
        return one.log.length === 2
      })
      await member.commit(offsets)
      expect((await offsetOf(f, groupId, topic)).offset).toBe(5)
    })
  })
}
