import { errorCode } from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { append, batch, contents } from '../../test/batches.ts'
import { VirtualSurroundings } from '../../test/virtual-surroundings.ts'
import { BrokerState } from '../broker-state.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import { BrokerConfig } from '../topic/broker-config.ts'

const none = { producerId: -1, producerEpoch: -1 }
const nodes = [{ nodeId: 1, host: 'h', port: 1, rack: null }]

class World {
  surroundings = new VirtualSurroundings()
  readonly storage = new MemoryStorage()
  state: BrokerState = this.open()

  open(): BrokerState {
    const { storage, surroundings } = this
    return new BrokerState({ release: '4.x', config: new BrokerConfig(), storage, surroundings, nodes })
  }

  /** The broker is killed, and another one starts on what it left behind. */
  restart(): void {
    this.surroundings = new VirtualSurroundings(this.surroundings.nowMs)
    this.state = this.open()
  }

  topic(name: string): void {
    this.state.topics.create({ name, partitions: 1, replicationFactor: 1, config: new Map() })
  }

  /** A transaction with one record in the topic and one offset of the group. */
  begin(topic: string, groupId: string): { transactionalId: string; producerId: number; producerEpoch: number } {
    const { producerId, producerEpoch } = this.state.transactions.init('x', 60_000, none)
    const claim = { transactionalId: 'x', producerId, producerEpoch }
    expect(this.state.transactions.add(claim, { partitions: [[topic, 0]], groups: [groupId] })).toBe(0)
    const { log } = this.state.topics.partition(topic, 0)!
    append(
      log,
      batch([{ key: 'k', value: 'v' }], { producerId, epoch: producerEpoch, sequence: 0, transactional: true }),
    )
    const offset = { topic, partition: 0, offset: 7, leaderEpoch: -1, metadata: '', commitTimeMs: 0 }
    this.state.offsets.commitPending(groupId, claim, [offset])
    return claim
  }

  end(claim: { producerId: number; producerEpoch: number }, commit: boolean): number {
    return this.state.transactions.end('x', { ...claim, commit, bumpsEpoch: false }).error
  }
}

describe('the end of a transaction', () => {
  it('is decided at once and carried out later', () => {
    const world = new World()
    world.topic('t')
    const claim = world.begin('t', 'g')
    expect(world.end(claim, true)).toBe(0)
    expect(world.state.offsets.get('g', 't', 0)).toBe(undefined)
    expect(world.state.transactions.add(claim, { partitions: [], groups: ['g'] })).toBe(
      errorCode.CONCURRENT_TRANSACTIONS,
    )
    world.surroundings.settle()
    expect(world.state.offsets.get('g', 't', 0)?.offset).toBe(7)
    expect(contents(world.state.topics.partition('t', 0)!.log)).toEqual(['0:k=v', '1:<commit>'])
    expect(world.state.transactions.add(claim, { partitions: [], groups: ['g'] })).toBe(0)
  })

  it('is carried out by the next broker when the one that decided it died', () => {
    const world = new World()
    world.topic('t')
    const claim = world.begin('t', 'g')
    world.end(claim, true)
    world.restart()
    expect(world.state.offsets.isPending('g', 't', 0)).toBe(true)
    world.surroundings.settle()
    expect(world.state.offsets.get('g', 't', 0)?.offset).toBe(7)
    expect(contents(world.state.topics.partition('t', 0)!.log).at(-1)).toMatch(/<commit>$/)
    expect(world.state.topics.partition('t', 0)!.log.lastStableOffset).toBeGreaterThan(1)
  })

  it('is left to its owner or to the timeout when it was not decided', () => {
    const world = new World()
    world.topic('t')
    world.begin('t', 'g')
    world.restart()
    world.surroundings.advance(50_000)
    expect(world.state.topics.partition('t', 0)!.log.lastStableOffset).toBe(0)
    world.surroundings.advance(20_001)
    expect(contents(world.state.topics.partition('t', 0)!.log)).toEqual(['0:k=v', '1:<abort>'])
    expect(world.state.offsets.isPending('g', 't', 0)).toBe(false)
    expect(world.state.offsets.get('g', 't', 0)).toBe(undefined)
  })

  it('reaches partition after partition when markers take their time, and the next transaction waits for all', () => {
    const world = new World()
    world.topic('t')
    world.state.markers.delayMsMax = 100
    const claim = world.begin('t', 'g')
    world.end(claim, true)
    world.surroundings.advance(0)
    expect(world.state.transactions.get('x')?.state).toBe('PrepareCommit')
    world.surroundings.advance(100)
    expect(world.state.transactions.get('x')?.state).toBe('CompleteCommit')
    expect(world.state.offsets.get('g', 't', 0)?.offset).toBe(7)
  })

  it('passes over a topic that has been deleted', () => {
    const world = new World()
    world.topic('t')
    const claim = world.begin('t', 'g')
    world.state.topics.delete('t')
    world.end(claim, true)
    world.surroundings.settle()
    expect(world.state.transactions.get('x')?.state).toBe('CompleteCommit')
  })
})

describe('a disk that is full', () => {
  it('leaves a transaction as it was last written, so that its end can be asked for again', () => {
    const world = new World()
    world.topic('t')
    const claim = world.begin('t', 'g')
    const { journal } = world.state
    const write = journal.write.bind(journal)
    journal.write = () => {
      throw new Error('no space left')
    }
    expect(() => world.end(claim, true)).toThrow('no space left')
    expect(world.state.transactions.get('x')?.state).toBe('Ongoing')
    journal.write = write
    expect(world.end(claim, true)).toBe(0)
    journal.write = () => {
      throw new Error('no space left')
    }
    world.surroundings.settle()
    expect(world.state.transactions.get('x')?.state).toBe('PrepareCommit')
    journal.write = write
    world.surroundings.advance(1000)
    expect(world.state.transactions.get('x')?.state).toBe('CompleteCommit')
    expect(world.state.offsets.get('g', 't', 0)?.offset).toBe(7)
  })
})

describe('producer ids', () => {
  it('are never given out twice, also not after a restart', () => {
    const world = new World()
    const first = world.state.producerIds.next()
    world.restart()
    expect(world.state.producerIds.next()).toBeGreaterThan(first)
  })

  it('change when the epochs of one are used up', () => {
    const world = new World()
    const { producerId } = world.state.transactions.init('x', 1000, none)
    world.state.transactions.get('x')!.producerEpoch = 32766
    const next = world.state.transactions.init('x', 1000, none)
    expect(next.producerId).not.toBe(producerId)
    expect(next.producerEpoch).toBe(0)
  })

  it('change at the end of a V2 transaction that takes the last epoch', () => {
    const world = new World()
    world.topic('t')
    const claim = world.begin('t', 'g')
    const transaction = world.state.transactions.get('x')!
    transaction.producerEpoch = 32766
    const last = { producerId: claim.producerId, producerEpoch: 32766, commit: false, bumpsEpoch: true }
    const answer = world.state.transactions.end('x', last)
    expect(answer).toMatchObject({ error: 0, producerEpoch: 0 })
    expect(answer.producerId).not.toBe(claim.producerId)
    world.surroundings.settle()
    expect(world.state.transactions.end('x', last)).toEqual(answer)
  })

  it('of an id that was idle for too long are forgotten', () => {
    const world = new World()
    const { producerId, producerEpoch } = world.state.transactions.init('x', 1000, none)
    world.surroundings.advance(8 * 24 * 3600 * 1000)
    world.state.transactions.expireIds()
    const claim = { transactionalId: 'x', producerId, producerEpoch }
    const answer = world.state.transactions.add(claim, { partitions: [], groups: ['g'] })
    expect(answer).toBe(errorCode.INVALID_PRODUCER_ID_MAPPING)
  })
})
