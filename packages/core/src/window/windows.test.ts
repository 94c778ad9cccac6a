/** Definitions of windows and their arithmetic, against a naive model where there is one. */
import { describe, expect, it } from 'vitest'
import { joinRetentionMs, joinWindows } from './join-windows.ts'
import { storeWindowSizeMs, windowRetentionMs } from './retention.ts'
import { session } from './session-windows.ts'
import { sliding } from './sliding-windows.ts'
import { firstWindowStart, hopping, tumbling } from './time-windows.ts'
import { unlimited } from './unlimited-windows.ts'

const code = (action: () => unknown): string => {
  try {
    action()
  } catch (error) {
    return (error as { code: string }).code
  }
  return 'accepted'
}

describe('windows', () => {
  it('take numbers of milliseconds and texts', () => {
    expect(tumbling('5m', { grace: '30s' })).toEqual({
      kind: 'time',
      sizeMs: 300_000,
      advanceMs: 300_000,
      graceMs: 30_000,
    })
    expect(hopping(10, { advance: 4 })).toEqual({ kind: 'time', sizeMs: 10, advanceMs: 4, graceMs: 0 })
    expect(sliding('1s')).toEqual({ kind: 'sliding', differenceMs: 1000, graceMs: 0 })
    expect(session('30m', { grace: 5 })).toEqual({ kind: 'session', gapMs: 1_800_000, graceMs: 5 })
    expect(unlimited({ start: 7 })).toEqual({ kind: 'unlimited', startMs: 7, graceMs: 0 })
  })

  it('refuse sizes, gaps and graces that make no window, each with its code', () => {
    expect(code(() => tumbling(0))).toBe('MR_WINDOW_SIZE_RANGE')
    expect(code(() => tumbling(-1))).toBe('MR_WINDOW_SIZE_RANGE')
    expect(code(() => tumbling('0.5ms'))).toBe('MR_WINDOW_SIZE_RANGE')
    expect(code(() => tumbling('5 minutes' as '5m'))).toBe('MR_CONFIG_DURATION')
    expect(code(() => tumbling(5, { grace: -1 }))).toBe('MR_WINDOW_GRACE_RANGE')
    expect(code(() => hopping(5, { advance: 0 }))).toBe('MR_WINDOW_ADVANCE_RANGE')
    expect(code(() => hopping(5, { advance: 6 }))).toBe('MR_WINDOW_ADVANCE_RANGE')
    expect(code(() => sliding(-1))).toBe('MR_WINDOW_SIZE_RANGE')
    expect(code(() => session(-1))).toBe('MR_WINDOW_SIZE_RANGE')
    expect(code(() => unlimited({ start: -1 }))).toBe('MR_WINDOW_SIZE_RANGE')
    expect(code(() => joinWindows({ within: -1 }))).toBe('MR_WINDOW_JOIN_RANGE')
    expect(code(() => joinWindows({ before: 5, after: -6 }))).toBe('MR_WINDOW_JOIN_RANGE')
    expect(code(() => joinWindows({ within: -1, before: 5, after: 5 }))).toBe('MR_WINDOW_JOIN_RANGE')
    expect(code(() => joinWindows({ within: 5, before: -6, after: 20 }))).toBe('MR_WINDOW_JOIN_RANGE')
    expect(code(() => joinWindows({ before: 5 }))).toBe('MR_WINDOW_SIZE_RANGE')
    expect(code(() => joinWindows({ within: 5, grace: -1 }))).toBe('MR_WINDOW_GRACE_RANGE')
  })

  it('accept a sliding difference and a session gap of 0 when they are made, as Kafka does', () => {
    expect(code(() => sliding(0))).toBe('accepted')
    expect(code(() => session(0))).toBe('accepted')
  })

  it('of a join may lie wholly on one side', () => {
    expect(joinWindows({ before: -5, after: 10, grace: 1 })).toEqual({
      kind: 'join',
      beforeMs: -5,
      afterMs: 10,
      graceMs: 1,
      eager: false,
    })
    expect(joinRetentionMs(joinWindows({ before: -5, after: 10, grace: 1 }))).toBe(6)
  })

  it('of an eager join have a grace of a day less their size', () => {
    expect(joinWindows({ within: 10, eager: true }).graceMs).toBe(86_400_000 - 20)
    expect(joinWindows({ within: 86_400_000, eager: true }).graceMs).toBe(0)
  })

  it('say how long their rows are kept and how long a window is', () => {
    expect(windowRetentionMs(tumbling(10, { grace: 3 }))).toBe(13)
    expect(windowRetentionMs(sliding(10, { grace: 3 }))).toBe(23)
    expect(windowRetentionMs(session(10, { grace: 3 }))).toBe(13)
    expect(windowRetentionMs(unlimited())).toBe(Number.MAX_SAFE_INTEGER)
    expect(storeWindowSizeMs(sliding(10))).toBe(10)
    expect(storeWindowSizeMs(unlimited())).toBe(Number.POSITIVE_INFINITY)
    expect(storeWindowSizeMs(hopping(10, { advance: 2 }))).toBe(10)
  })

  it('that hop contain a timestamp from the first start on (against a naive scan)', () => {
    for (let sizeMs = 1; sizeMs <= 7; sizeMs++) {
      for (let advanceMs = 1; advanceMs <= sizeMs; advanceMs++) {
        const windows = hopping(sizeMs, { advance: advanceMs })
        for (let timestampMs = 0; timestampMs < 25; timestampMs++) {
          let naive = 0
          while (naive + sizeMs <= timestampMs) naive += advanceMs
          expect(firstWindowStart(windows, timestampMs)).toBe(naive)
        }
      }
    }
  })
})
