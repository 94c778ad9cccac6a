/** A table behind `suppress` with a time limit and a limit of records. */
import type { ModelRecord, ModelUpdate } from './model.ts'

interface Waiting {
  readonly key: string
  /** Time of the change that began to wait. */
  readonly since: number
  readonly last: ModelRecord
}

/**
 * One change of each key waits, the newest; it comes out when stream time has reached the time of the first one plus the
 * limit, or earlier, the oldest first, while more than `maxRecords` keys wait.
 */
export function suppressedUpdates(
  records: readonly ModelRecord[],
  { limitMs, maxRecords }: { limitMs: number; maxRecords: number },
): ModelUpdate[] {
  const updates: ModelUpdate[] = []
  let waiting: Waiting[] = []
  let streamTime = -1
  for (const record of records) {
    const { key, ts } = record
    if (key === null) continue
    streamTime = Math.max(streamTime, ts)
    const known = waiting.find((one) => one.key === key)
    const one = { key, since: known?.since ?? ts, last: record }
    // Equal times: by the bytes of the keys, which are single letters.
    waiting = [...waiting.filter((other) => other !== known), one].toSorted(
      (a, b) => a.since - b.since || (a.key < b.key ? -1 : 1),
    )
    for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
      if (next.since > streamTime - limitMs && waiting.length <= maxRecords) break
      waiting.shift()
      updates.push({ key: next.key, value: next.last.value, ts: next.last.ts })
    }
  }
  return updates
}
