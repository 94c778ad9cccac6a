import { errorCode } from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { bytes } from '../../test/batches.ts'
import { VirtualSurroundings } from '../../test/virtual-surroundings.ts'
import { BrokerConfig, type BrokerConfigInput } from '../topic/broker-config.ts'
import { GroupCoordinator, type JoinRequest } from './group-coordinator.ts'
import type { JoinAnswer, SyncAnswer } from './group.ts'

const groupId = 'g'

class World {
  readonly surroundings = new VirtualSurroundings()
  readonly coordinator: GroupCoordinator

  constructor(config: BrokerConfigInput = {}) {
    this.coordinator = new GroupCoordinator(this.surroundings, new BrokerConfig(config))
  }

  join(from: Partial<JoinRequest> = {}): Promise<JoinAnswer> {
    const answer = this.coordinator.join({
      groupId,
      memberId: '',
      groupInstanceId: null,
      clientId: 'c',
      clientHost: '/h',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: bytes('r') }],
      memberIdRequired: false,
      maySkipAssignment: false,
      ...from,
    })
    return Promise.resolve(answer)
  }

  async sync(joined: JoinAnswer, assignments: Record<string, string> = {}): Promise<SyncAnswer> {
    return this.coordinator.sync({
      groupId,
      memberId: joined.memberId,
      groupInstanceId: null,
      generation: joined.generation,
      protocolType: null,
      protocolName: null,
      assignments: new Map(Object.entries(assignments).map(([id, text]) => [id, bytes(text)])),
    })
  }

  heartbeat(joined: JoinAnswer, generation = joined.generation): number {
    return this.coordinator.heartbeat({ groupId, memberId: joined.memberId, groupInstanceId: null, generation })
  }

  /** Two members in a stable group; the first one leads. */
  async pair(): Promise<[leader: JoinAnswer, follower: JoinAnswer]> {
    const first = await this.join()
    const second = this.join()
    const again = this.join({ memberId: first.memberId })
    const [leader, follower] = await Promise.all([again, second])
    const synced = this.sync(follower)
    await this.sync(leader, { [leader.memberId]: 'L', [follower.memberId]: 'F' })
    await synced
    return [leader, follower]
  }
}

describe('a group', () => {
  it('gives the leader all members and hands out what it assigns', async () => {
    const world = new World()
    const [leader, follower] = await world.pair()
    expect(leader.members.map((member) => member.memberId).sort()).toEqual([leader.memberId, follower.memberId].sort())
    expect(follower.members).toEqual([])
    expect(await world.sync(follower)).toMatchObject({ error: 0, assignment: bytes('F') })
    expect(world.coordinator.get(groupId)?.state).toBe('Stable')
  })

  it('chooses the protocol that most members put first among those all have', async () => {
    const world = new World()
    const offer = (...names: string[]): Partial<JoinRequest> => ({
      protocols: names.map((name) => ({ name, metadata: bytes(name) })),
    })
    const first = await world.join(offer('a', 'b', 'c'))
    const others = [world.join(offer('c', 'b')), world.join(offer('c', 'b'))]
    const again = await world.join({ memberId: first.memberId, ...offer('a', 'b', 'c') })
    expect(again.protocolName).toBe('c')
    expect(again.members.map((member) => member.metadata)).toEqual([bytes('c'), bytes('c'), bytes('c')])
    await Promise.all(others)
  })

  it('drops a member that is silent for its session timeout, and rebalances', async () => {
    const world = new World()
    const [leader, follower] = await world.pair()
    world.surroundings.advance(9000)
    expect(world.heartbeat(leader)).toBe(0)
    world.surroundings.advance(2000)
    expect(world.heartbeat(leader)).toBe(errorCode.REBALANCE_IN_PROGRESS)
    expect(world.heartbeat(follower)).toBe(errorCode.UNKNOWN_MEMBER_ID)
    const alone = await world.join({ memberId: leader.memberId })
    expect(alone).toMatchObject({ error: 0, generation: leader.generation + 1 })
    expect(alone.members).toHaveLength(1)
  })

  it('goes on without those who do not join again within the rebalance timeout', async () => {
    const world = new World()
    const [leader, follower] = await world.pair()
    const third = world.join()
    const joining = world.join({ memberId: follower.memberId })
    for (let i = 0; i < 6; i++) {
      expect(world.heartbeat(leader)).toBe(errorCode.REBALANCE_IN_PROGRESS)
      world.surroundings.advance(5000)
    }
    expect((await joining).generation).toBe(leader.generation + 1)
    await third
    expect(world.heartbeat(leader)).toBe(errorCode.UNKNOWN_MEMBER_ID)
  })

  it('does not expire a member whose join or sync it has parked', async () => {
    const world = new World()
    const [leader, follower] = await world.pair()
    const third = world.join()
    const parked = world.join({ memberId: leader.memberId })
    for (let i = 0; i < 3; i++) {
      world.surroundings.advance(9000)
      expect(world.heartbeat(follower)).toBe(errorCode.REBALANCE_IN_PROGRESS)
    }
    expect(world.coordinator.get(groupId)?.members.has(leader.memberId)).toBe(true)
    world.surroundings.advance(5000)
    expect((await parked).error).toBe(0)
    await third
  })

  it('drops those who have joined but do not sync, and begins again', async () => {
    const world = new World()
    const first = await world.join()
    const second = world.join()
    const leader = await world.join({ memberId: first.memberId })
    const follower = await second
    const synced = world.sync(follower)
    for (let i = 0; i < 4; i++) {
      world.heartbeat(leader)
      world.surroundings.advance(8000)
    }
    expect((await synced).error).toBe(errorCode.REBALANCE_IN_PROGRESS)
    expect(world.heartbeat(leader)).toBe(errorCode.UNKNOWN_MEMBER_ID)
    expect((await world.join({ memberId: follower.memberId })).leader).toBe(follower.memberId)
  })

  it('takes leaving as the reason for a rebalance, and is empty when the last one has left', async () => {
    const world = new World()
    const [leader, follower] = await world.pair()
    expect(world.coordinator.leave(groupId, { memberId: follower.memberId, groupInstanceId: null })).toBe(0)
    expect(world.heartbeat(leader)).toBe(errorCode.REBALANCE_IN_PROGRESS)
    expect(world.coordinator.leave(groupId, { memberId: leader.memberId, groupInstanceId: null })).toBe(0)
    expect(world.coordinator.get(groupId)).toMatchObject({ state: 'Empty', generation: leader.generation + 1 })
    expect(world.coordinator.leave(groupId, { memberId: 'x', groupInstanceId: null })).toBe(errorCode.UNKNOWN_MEMBER_ID)
  })

  it('answers a follower that joins again without a change with its generation, a leader with a rebalance', async () => {
    const world = new World()
    const [leader, follower] = await world.pair()
    expect(await world.join({ memberId: follower.memberId })).toMatchObject({ error: 0, generation: leader.generation })
    const again = world.join({ memberId: leader.memberId })
    expect(world.heartbeat(follower)).toBe(errorCode.REBALANCE_IN_PROGRESS)
    await world.join({ memberId: follower.memberId })
    expect((await again).generation).toBe(leader.generation + 1)
  })

  it('waits for more members when it is told to', async () => {
    const world = new World({ 'group.initial.rebalance.delay.ms': 3000 })
    const first = world.join()
    world.surroundings.advance(2000)
    const second = world.join()
    world.surroundings.advance(3500)
    expect(world.coordinator.get(groupId)?.state).toBe('PreparingRebalance')
    world.surroundings.advance(1500)
    const [one, two] = await Promise.all([first, second])
    expect([one.generation, two.generation]).toEqual([1, 1])
    expect(one.members.length + two.members.length).toBe(2)
  })

  it('forgets an id that was given out and never used', async () => {
    const world = new World()
    await world.join({ memberIdRequired: true })
    expect(world.coordinator.get(groupId)?.pending.size).toBe(1)
    world.surroundings.advance(10_001)
    expect(world.coordinator.get(groupId)?.pending.size).toBe(0)
  })

  it('holds no more members than it may', async () => {
    const world = new World({ 'group.max.size': 1 })
    await world.join()
    expect((await world.join()).error).toBe(errorCode.GROUP_MAX_SIZE_REACHED)
  })

  it('tells a restarted static leader to skip the assignment when it can be told', async () => {
    const world = new World()
    const first = await world.join({ groupInstanceId: 'one' })
    await world.coordinator.sync({
      groupId,
      memberId: first.memberId,
      groupInstanceId: 'one',
      generation: first.generation,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: new Map([[first.memberId, bytes('mine')]]),
    })
    const again = await world.join({ groupInstanceId: 'one', maySkipAssignment: true })
    expect(again).toMatchObject({ skipAssignment: true, leader: again.memberId, generation: first.generation })
    expect(again.members).toHaveLength(1)
  })

  it('keeps no timer when it is closed', async () => {
    const world = new World()
    await world.pair()
    world.coordinator.close()
    expect(world.surroundings.pendingTimers).toBe(0)
  })
})
