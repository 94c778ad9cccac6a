/** Restore against logs kept in arrays: every batch of the fake fetcher has its own offsets, gaps and markers. */
import { formatTopicPartition, noHeaders, type TopicPartition } from '@millrace/core'
import { memoryEngine, type ChangelogRecord } from '@millrace/core/internal'
import { type EngineOperation, silentLogger, type StoreEngine } from '@millrace/core/port'
import { describe, expect, it } from 'vitest'
import { readPosition } from './positions.ts'
import { type ChangelogSource, ChangelogReader, type FetchedChangelog } from './reader.ts'
import type { RestoreChangelog, RestoreTask } from './restore-job.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array | null): string | null => (value === null ? null : new TextDecoder().decode(value))

/** Records of one log at ascending offsets; `end` may be behind the last one (markers). */
interface Log {
  start: number
  end: number
  readonly records: { offset: number; key: string; value: string | null }[]
  committed: number
}

class FakeCluster implements ChangelogSource {
  readonly logs = new Map<string, Log>()
  readonly assigned = new Map<string, TopicPartition & { offset: number }>()
  readonly paused = new Set<string>()
  polls = 0
  batchSize = 3
  failure: Error | null = null

  log(topic: string, count: number): Log {
    const records = Array.from({ length: count }, (_, offset) => ({
      offset,
      key: `k${offset % 5}`,
      value: `v${offset}`,
    }))
    const log = { start: 0, end: count, records, committed: -1 }
    this.logs.set(`${topic}-0`, log)
    return log
  }

  assign(partitions: readonly (TopicPartition & { offset: number })[]): void {
    for (const one of partitions) this.assigned.set(formatTopicPartition(one.topic, one.partition), { ...one })
  }
  unassign(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.assigned.delete(formatTopicPartition(one.topic, one.partition))
  }
  pause(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.paused.add(formatTopicPartition(one.topic, one.partition))
  }
  resume(partitions: readonly TopicPartition[]): void {
    for (const one of partitions) this.paused.delete(formatTopicPartition(one.topic, one.partition))
  }
  wakeup(): void {}

  async poll(): Promise<FetchedChangelog[]> {
    this.polls++
    await new Promise((resolve) => setImmediate(resolve))
    if (this.failure !== null) throw this.failure
    return [...this.assigned].flatMap(([name, at]) => {
      const log = this.logs.get(name)
      if (log === undefined || this.paused.has(name) || at.offset >= log.end) return []
      const taken = log.records.filter((r) => r.offset >= at.offset).slice(0, this.batchSize)
      const last = taken.at(-1)
      const nextOffset = last === undefined || last === log.records.at(-1) ? log.end : last.offset + 1
      at.offset = nextOffset
      const records = {
        count: taken.length,
        offsetAt: (i: number) => taken[i]?.offset ?? -1,
        timestampAt: () => 7,
        keyAt: (i: number) => bytes(taken[i]?.key ?? ''),
        valueAt: (i: number) => (taken[i]?.value == null ? null : bytes(taken[i]?.value ?? '')),
        headersAt: () => noHeaders,
      }
      return [{ topic: at.topic, partition: at.partition, batches: [{ records, first: 0 }], nextOffset }]
    })
  }
  async bounds(partitions: readonly TopicPartition[]): Promise<{ start: number; end: number }[]> {
    return partitions.map(
      (one) => this.logs.get(formatTopicPartition(one.topic, one.partition)) ?? { start: 0, end: 0 },
    )
  }
  async committed(partitions: readonly TopicPartition[]): Promise<number[]> {
    return partitions.map((one) => this.logs.get(formatTopicPartition(one.topic, one.partition))?.committed ?? -1)
  }
}

/** A task whose stores are maps. */
class FakeTask implements RestoreTask {
  readonly name = '0_0'
  readonly rows = new Map<string, string | null>()
  applied = 0
  readonly #changelogs: RestoreChangelog[]
  #staged: EngineOperation[] = []

  constructor(topics: readonly string[], part: Partial<RestoreChangelog> & { type?: 'disk' | 'memory' } = {}) {
    this.#changelogs = topics.map((topic) => ({
      topic,
      partition: 0,
      isSource: part.isSource ?? false,
      definition: { name: topic, type: part.type ?? 'disk' },
      store: {
        restore: (records: readonly ChangelogRecord[]): void => {
          for (const { key, value } of records) {
            this.applied++
            this.rows.set(`${topic}:${text(key)}`, text(value))
            this.#staged.push({ key: bytes(`${topic}:${text(key)}`), value })
          }
        },
      },
    }))
  }
  changelogs(): readonly RestoreChangelog[] {
    return this.#changelogs
  }
  stage(): EngineOperation[] {
    return this.#staged.splice(0)
  }
  committed(): void {}
}

const readerOn = (cluster: FakeCluster): ChangelogReader =>
  new ChangelogReader(cluster, { logger: silentLogger, clock: { nowMs: () => cluster.polls }, limitIntervalMs: 1 })

describe('ChangelogReader', () => {
  it('reads a changelog to its end and stores the position with the rows', async () => {
    const cluster = new FakeCluster()
    cluster.log('app-s-changelog', 12)
    const task = new FakeTask(['app-s-changelog'])
    const engine = memoryEngine()
    await readerOn(cluster).restore(task, engine)
    expect(task.rows.get('app-s-changelog:k1')).toBe('v11')
    expect(await readPosition(engine, 'app-s-changelog', 0)).toBe(12)
    expect(cluster.assigned.size).toBe(0)
  })

  it('reads nothing after a clean restart, and only the tail after more was written', async () => {
    const cluster = new FakeCluster()
    const log = cluster.log('c', 10)
    const engine = memoryEngine()
    await readerOn(cluster).restore(new FakeTask(['c']), engine)
    const again = new FakeTask(['c'])
    const reader = readerOn(cluster)
    await reader.restore(again, engine)
    expect([again.applied, reader.recordsRestored]).toEqual([0, 0])
    log.records.push({ offset: 10, key: 'x', value: 'new' })
    log.end = 11
    await reader.restore(again, engine)
    expect([again.applied, reader.recordsRestored]).toEqual([1, 1])
  })

  it('ends behind a tail of markers and compacted records', async () => {
    const cluster = new FakeCluster()
    const log = cluster.log('c', 4)
    log.end = 50
    const engine = memoryEngine()
    await readerOn(cluster).restore(new FakeTask(['c']), engine)
    expect(await readPosition(engine, 'c', 0)).toBe(50)
  })

  it('begins at the start of the log for a memory store, whatever is stored', async () => {
    const cluster = new FakeCluster()
    cluster.log('c', 6)
    const engine = memoryEngine()
    await readerOn(cluster).restore(new FakeTask(['c'], { type: 'memory' }), engine)
    const again = new FakeTask(['c'], { type: 'memory' })
    await readerOn(cluster).restore(again, engine)
    expect(again.applied).toBe(6)
    expect(await readPosition(engine, 'c', 0)).toBeNull()
  })

  it.each([
    ['above the end', 12, { start: 0, end: 5 }],
    ['below the start', 12, { start: 20, end: 30 }],
  ])('calls state with a position %s corrupted', async (_, position, bounds) => {
    const cluster = new FakeCluster()
    const log = cluster.log('c', position)
    const engine = memoryEngine()
    await readerOn(cluster).restore(new FakeTask(['c']), engine)
    Object.assign(log, bounds)
    await expect(readerOn(cluster).restore(new FakeTask(['c']), engine)).rejects.toMatchObject({
      code: 'MR_RUNTIME_CHANGELOG_RANGE',
      name: 'TaskCorruptedError',
    })
  })

  it('restores a source topic up to the committed offset only', async () => {
    const cluster = new FakeCluster()
    cluster.log('input', 9).committed = 4
    const task = new FakeTask(['input'], { isSource: true })
    const engine = memoryEngine()
    await readerOn(cluster).restore(task, engine)
    expect(task.applied).toBe(4)
    expect(await readPosition(engine, 'input', 0)).toBe(4)
  })

  it('follows a source topic as far as the group commits, and no further', async () => {
    const cluster = new FakeCluster()
    const log = cluster.log('input', 9)
    log.committed = 2
    const task = new FakeTask(['input'], { isSource: true })
    const engine = memoryEngine()
    const reader = readerOn(cluster)
    const followed = reader.follow(task, engine).catch((error: unknown) => error)
    const reached = async (offset: number): Promise<void> => {
      while ((await readPosition(engine, 'input', 0)) !== offset) await new Promise((resolve) => setImmediate(resolve))
    }
    await reached(2)
    const polls = cluster.polls
    while (cluster.polls < polls + 20) await new Promise((resolve) => setImmediate(resolve))
    expect([task.applied, [...cluster.assigned]]).toEqual([2, []])
    log.committed = 7
    await reached(7)
    log.committed = 9
    await reached(9)
    expect(task.applied).toBe(9)
    expect(reader.positions('0_0')).toEqual([{ topic: 'input', partition: 0, offset: 9 }])
    await reader.remove('0_0')
    expect(await followed).toMatchObject({ code: 'MR_RUNTIME_CLOSED' })
    await reader.close()
  })

  it('writes large changelogs in batches, each with its position', async () => {
    const cluster = new FakeCluster()
    cluster.log('c', 25_000)
    cluster.batchSize = 4_000
    const sizes: number[] = []
    const engine = memoryEngine()
    const counting: StoreEngine = Object.assign(Object.create(engine) as StoreEngine, {
      write: async (operations: readonly EngineOperation[]) => {
        sizes.push(operations.length)
        await engine.write(operations)
      },
      getMany: async (keys: readonly Uint8Array[]) => engine.getMany(keys),
    })
    await readerOn(cluster).restore(new FakeTask(['c']), counting)
    expect(sizes).toHaveLength(3)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(14_001)
  })

  it('keeps what a removed task had, so that the next restore goes on from there', async () => {
    const cluster = new FakeCluster()
    cluster.log('c', 60)
    const engine = memoryEngine()
    const reader = readerOn(cluster)
    const first = reader.restore(new FakeTask(['c']), engine)
    first.catch(() => undefined)
    while (cluster.polls < 5) await new Promise((resolve) => setImmediate(resolve))
    await reader.remove('0_0')
    await expect(first).rejects.toMatchObject({ code: 'MR_RUNTIME_CLOSED' })
    const position = await readPosition(engine, 'c', 0)
    expect(position).toBeGreaterThan(0)
    const rest = new FakeTask(['c'])
    await reader.restore(rest, engine)
    expect(rest.applied).toBe(60 - (position ?? 0))
  })

  it('follows a standby until it is removed, behind tasks that are to run', async () => {
    const cluster = new FakeCluster()
    const log = cluster.log('s', 3)
    const engine = memoryEngine()
    const reader = readerOn(cluster)
    const standby = new FakeTask(['s'])
    const following = reader.follow(standby, engine)
    following.catch(() => undefined)
    while (reader.offsetSum('0_0') !== 3) await new Promise((resolve) => setImmediate(resolve))
    log.records.push({ offset: 3, key: 'late', value: 'v' })
    log.end = 4
    while (standby.applied < 4) await new Promise((resolve) => setImmediate(resolve))
    await reader.close()
    await expect(following).rejects.toMatchObject({ code: 'MR_RUNTIME_CLOSED' })
    expect(await readPosition(engine, 's', 0)).toBe(4)
  })

  it('does not begin with a task that was taken away before its bounds were known', async () => {
    const cluster = new FakeCluster()
    cluster.log('s', 3)
    const reader = readerOn(cluster)
    const following = reader.follow(new FakeTask(['s']), memoryEngine())
    await reader.remove('0_0')
    await expect(following).rejects.toMatchObject({ code: 'MR_RUNTIME_CLOSED' })
    expect(cluster.assigned.size).toBe(0)
  })

  it('gives up only the task whose log moved away', async () => {
    const cluster = new FakeCluster()
    cluster.log('c', 3)
    const reader = readerOn(cluster)
    const { FatalError } = await import('@millrace/core')
    cluster.failure = new FatalError('MR_PROTOCOL_OFFSET_RANGE', { topic: 'c', partition: 0, offset: 1 })
    await expect(reader.restore(new FakeTask(['c']), memoryEngine())).rejects.toMatchObject({
      code: 'MR_RUNTIME_CHANGELOG_RANGE',
    })
    await reader.close()
  })
})
