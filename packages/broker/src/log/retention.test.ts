import { describe, expect, it } from 'vitest'
import { append, batch, contents, limits, settings } from '../../test/batches.ts'
import { MemoryStorage } from '../storage/memory-storage.ts'
import type { TopicSettings } from '../topic/topic-config.ts'
import { PartitionLog } from './partition-log.ts'
import { applyRetention } from './retention.ts'

const topic: TopicSettings = {
  ...limits,
  ...settings,
  compact: false,
  delete: true,
  retentionMs: -1,
  retentionBytes: -1,
  deleteRetentionMs: 0,
  dirtyRatioMin: 0.5,
  compactionLagMsMin: 0,
  compactionLagMsMax: Infinity,
  insyncReplicasMin: 1,
}

/** Three segments with one record each, of the times 1000, 2000 and 3000. */
function logOfThree(): PartitionLog {
  const log = new PartitionLog('t-0', new MemoryStorage())
  for (const timestampMs of [1000, 2000, 3000]) {
    append(log, batch([{ key: 'k', value: String(timestampMs), timestampMs }]))
    if (timestampMs < 3000) log.roll()
  }
  return log
}

describe('retention', () => {
  it('removes segments whose last record is too old', () => {
    const log = logOfThree()
    expect(applyRetention(log, { ...topic, retentionMs: 1500 }, 3400)).toBe(true)
    expect(contents(log)).toEqual(['1:k=2000', '2:k=3000'])
    expect(log.startOffset).toBe(1)
  })

  it('removes the active segment too, when all is too old, and goes on at the same offset', () => {
    const log = logOfThree()
    applyRetention(log, { ...topic, retentionMs: 10 }, 9000)
    expect(contents(log)).toEqual([])
    expect([log.startOffset, log.endOffset]).toEqual([3, 3])
    expect(append(log, batch([{ key: 'k', value: 'v' }]))).toMatchObject({ baseOffset: 3 })
  })

  it('removes the oldest segments while the log is larger than it may be', () => {
    const log = logOfThree()
    applyRetention(log, { ...topic, retentionBytes: log.sizeBytes / 3 }, 3000)
    expect(contents(log)).toEqual(['2:k=3000'])
  })

  it('removes segments below the start of the log whatever the policy', () => {
    const log = logOfThree()
    log.raiseStart(2)
    expect(applyRetention(log, { ...topic, delete: false, compact: true, retentionMs: 1 }, 9000)).toBe(false)
    expect(log.segments.length).toBe(1)
    expect(contents(log)).toEqual(['2:k=3000'])
  })

  it('keeps everything without limits, and what is not decided', () => {
    const log = new PartitionLog('t-0', new MemoryStorage())
    append(log, batch([{ key: 'k', value: 'v' }], { producerId: 1, sequence: 0, transactional: true }))
    log.roll()
    applyRetention(log, { ...topic, retentionMs: 1 }, 9_000_000)
    expect(contents(log)).toEqual(['0:k=v'])
    const plain = logOfThree()
    expect(applyRetention(plain, topic, 9_000_000)).toBe(false)
  })
})
