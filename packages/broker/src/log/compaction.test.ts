import { decodeBatches, errorCode } from '@millrace/protocol/internal'
import { describe, expect, it } from 'vitest'
import { append, batch, contents, limits, mark, settings, type Entry } from '../../test/batches.ts'
import { VirtualSurroundings } from '../../test/virtual-surroundings.ts'
import type { LogStorage } from '../storage/log-storage.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { TopicSettings } from '../topic/topic-config.ts'
import { compact, isDue, planCompaction } from './compaction.ts'
import { PartitionLog } from './partition-log.ts'
import { openLog } from './recovery.ts'

const topic: TopicSettings = {
  ...limits,
  ...settings,
  segmentBytes: 4000,
  compact: true,
  delete: false,
  retentionMs: -1,
  retentionBytes: -1,
  deleteRetentionMs: 1000,
  dirtyRatioMin: 0.5,
  compactionLagMsMin: 0,
  compactionLagMsMax: Infinity,
  insyncReplicasMin: 1,
}

function run(log: PartitionLog, nowMs = 10_000, from: TopicSettings = topic): void {
  const plan = planCompaction(log, from, nowMs)
  if (plan) compact(log, plan, { settings: from, nowMs })
}

/** Appends each batch, then starts a new segment, so that all of them may be compacted. */
function logOf(batches: readonly (readonly Entry[])[]): PartitionLog {
  const log = new PartitionLog('t-0', new MemoryStorage())
  for (const entries of batches) append(log, batch(entries))
  log.roll()
  return log
}

const entry = (key: string, value: string | null, timestampMs = 1000): Entry => ({ key, value, timestampMs })
const reopened = (log: PartitionLog): PartitionLog =>
  openLog(log.name, log.storage, { files: log.storage.list(), startOffset: log.startOffset })

describe('compaction', () => {
  it('keeps the last record of each key at its offset', () => {
    const log = logOf([[entry('a', '1'), entry('b', '1')], [entry('a', '2')], [entry('c', '1'), entry('a', '3')]])
    run(log)
    expect(contents(log)).toEqual(['1:b=1', '3:c=1', '4:a=3'])
    expect(log.endOffset).toBe(5)
    expect(contents(reopened(log))).toEqual(['1:b=1', '3:c=1', '4:a=3'])
  })

  it('leaves the active segment alone', () => {
    const log = logOf([[entry('a', '1')]])
    append(log, batch([entry('a', '2')]))
    run(log)
    expect(contents(log)).toEqual(['0:a=1', '1:a=2'])
  })

  it('keeps a tombstone for delete.retention.ms from the first pass on, with its timestamp', () => {
    const log = logOf([[entry('a', '1')], [entry('a', null, 1234)], [entry('b', '1')]])
    run(log, 10_000)
    expect(contents(log)).toEqual(['1:a=null', '2:b=1'])
    const [first] = decodeBatches(log.read({ offset: 0, upTo: 9, bytesMax: 1 << 20, wholeFirstBatch: true }).bytes)
    expect(first?.timestampAt(0)).toBe(1234)
    expect(first!.header.attributes & 0x40).toBe(0x40)
    log.compactedTo = 0
    run(log, 10_900)
    expect(contents(log)).toEqual(['1:a=null', '2:b=1'])
    log.compactedTo = 0
    run(log, 11_001)
    expect(contents(log)).toEqual(['2:b=1'])
  })

  it('leaves what is younger than min.compaction.lag.ms', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([entry('a', '1', 1000)]))
    append(log, batch([entry('a', '2', 1000)]))
    log.roll()
    append(log, batch([entry('a', '3', 9000)]))
    log.roll()
    run(log, 10_000, { ...topic, compactionLagMsMin: 5000 })
    expect(contents(log)).toEqual(['1:a=2', '2:a=3'])
  })

  it('is due when half of the log is dirty, or when it has been for too long', () => {
    const log = logOf([[entry('a', '1', 1000)]])
    const plan = planCompaction(log, topic, 2000)
    expect(plan).toMatchObject({ dirtyRatio: 1, dirtyFrom: 0 })
    run(log)
    expect(planCompaction(log, topic, 2000)).toBe(undefined)
    for (let i = 0; i < 5; i++) append(log, batch([entry(`k${i}`, '1', 1000)]))
    log.roll()
    run(log)
    append(log, batch([entry('a', '2', 1000)]))
    log.roll()
    const little = planCompaction(log, topic, 2000)!
    expect(little.dirtyRatio).toBeLessThan(0.5)
    expect(isDue(little, topic, 2000)).toBe(false)
    expect(isDue(little, { ...topic, compactionLagMsMax: 500 }, 2000)).toBe(true)
  })

  it('drops aborted records, keeps committed ones, and nothing behind an open transaction', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([entry('a', 'old')]))
    append(log, batch([entry('a', 'aborted')], { producerId: 1, sequence: 0, transactional: true }))
    append(log, batch([entry('b', 'committed')], { producerId: 2, sequence: 0, transactional: true }))
    mark(log, { producerId: 1, commit: false })
    mark(log, { producerId: 2, commit: true })
    log.roll()
    append(log, batch([entry('b', 'open')], { producerId: 2, sequence: 1, transactional: true }))
    log.roll()
    append(log, batch([entry('b', 'later')]))
    log.roll()
    run(log)
    expect(contents(log)).toEqual(['0:a=old', '2:b=committed', '3:<abort>', '4:<commit>', '5:b=open', '6:b=later'])
  })

  it('drops the marker of a transaction of which nothing is left, a while later, and then forgets the abort', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([entry('a', 'aborted')], { producerId: 1, sequence: 0, transactional: true }))
    mark(log, { producerId: 1, commit: false })
    append(log, batch([entry('a', 'aborted')], { producerId: 1, sequence: 1, transactional: true }))
    mark(log, { producerId: 1, commit: true })
    log.roll()
    for (const nowMs of [10_000, 12_000]) {
      log.compactedTo = 0
      run(log, nowMs)
    }
    expect(contents(log)).toEqual(['2:a=aborted', '3:<commit>'])
    expect(log.abortedWithin(0, 9)).toEqual([])
  })

  it('keeps the last sequence of a producer, in an empty batch if need be', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([entry('a', '1')], { producerId: 1, sequence: 0 }))
    append(log, batch([entry('a', '2')], { producerId: 1, sequence: 1 }))
    append(log, batch([entry('a', '3')]))
    log.roll()
    run(log)
    expect(contents(log)).toEqual(['2:a=3'])
    const again = reopened(log)
    expect(append(again, batch([entry('a', '2')], { producerId: 1, sequence: 1 }))).toMatchObject({ repeated: true })
    expect(append(again, batch([entry('a', '9')], { producerId: 1, sequence: 5 }))).toMatchObject({
      error: errorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
    })
  })

  it.each(['gzip', 'snappy', 'lz4'] as const)('works on %s batches', (compression) => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([entry('a', '1'), entry('b', '1'), entry('c', null)], { compression }))
    append(log, batch([entry('a', '2')], { compression }))
    log.roll()
    run(log)
    expect(contents(log)).toEqual(['1:b=1', '2:c=null', '3:a=2'])
  })

  it('agrees with a map of last values, over many passes and restarts (seeds 1 to 30)', () => {
    for (let seed = 1; seed <= 30; seed++) {
      const random = new VirtualSurroundings(0, seed)
      const pick = (below: number): number => Math.floor(random.next() * below)
      let log = new PartitionLog('t-0', new MemoryStorage())
      const last = new Map<string, string>()
      for (let round = 0; round < 12; round++) {
        for (let i = 0; i < 10; i++) {
          const key = `k${pick(12)}`
          const value = pick(4) === 0 ? null : `${round}.${i}`
          append(log, batch([entry(key, value)], { compression: pick(2) === 0 ? 'gzip' : 'none' }))
          if (value === null) last.delete(key)
          else last.set(key, value)
        }
        if (pick(2) === 0) log.roll()
        if (pick(2) === 0) run(log, 10_000 + round * 800)
        if (pick(4) === 0) log = reopened(log)
      }
      const seen = new Map<string, string>()
      for (const line of contents(log)) {
        const [, key = '', value = ''] = /:(.*)=(.*)$/.exec(line) ?? []
        if (value === 'null') seen.delete(key)
        else seen.set(key, value)
      }
      expect(Object.fromEntries(seen), `seed ${seed}`).toEqual(Object.fromEntries(last))
    }
  })
})

/** A storage that fails at its n-th change, as if the process had been killed there. */
function dyingAfter(changes: number, inner: LogStorage): LogStorage {
  let left = changes
  const step = (): void => {
    if (left-- <= 0) throw new Error('killed')
  }
  return {
    persistent: true,
    open: (name) => {
      const file = inner.open(name)
      return {
        get name() {
          return file.name
        },
        get size() {
          return file.size
        },
        append: (added) => {
          step()
          file.append(added)
        },
        view: (position, lengthMax) => file.view(position, lengthMax),
        truncate: (size) => file.truncate(size),
        discardBefore: (position) => file.discardBefore(position),
        flush: () => file.flush(),
        close: () => file.close(),
      }
    },
    list: () => inner.list(),
    remove: (name) => {
      step()
      inner.remove(name)
    },
    rename: (from, to) => {
      step()
      inner.rename(from, to)
    },
    close: () => undefined,
  }
}

describe('a crash while segments are replaced', () => {
  it('leaves the log before or after it, wherever it strikes (every change)', () => {
    for (let changes = 0; ; changes++) {
      const disk = new MemoryStorage()
      const log = new PartitionLog('t-0', disk)
      for (let i = 0; i < 12; i++) {
        append(log, batch([entry(`k${i % 3}`, `${i}`), entry(`gone${i % 2}`, i > 9 ? null : 'x')]))
        if (i % 2 === 1) log.roll()
      }
      const before = contents(log)
      const dying = openLog('t-0', dyingAfter(changes, disk), { files: disk.list(), startOffset: 0 })
      let survived = true
      try {
        run(dying, 10_000, { ...topic, segmentBytes: 300 })
      } catch {
        survived = false
      }
      const after = openLog('t-0', disk, { files: disk.list(), startOffset: 0 })
      const lastValues = (lines: readonly string[]): object =>
        Object.fromEntries(lines.map((line) => /:(.*)=(.*)$/.exec(line)!.slice(1) as [string, string]))
      expect(lastValues(contents(after)), `killed at change ${changes}`).toEqual(lastValues(before))
      expect(after.endOffset).toBe(24)
      if (survived) break
    }
  })
})
