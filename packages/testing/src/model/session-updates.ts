/** Session windows update by update: merges, deletions of what was merged, lateness, results when sessions close. */
import { type ModelRecord, type ModelUpdate, windowText } from './model.ts'

export interface SessionShape {
  readonly gap: number
  readonly grace: number
}

interface Session {
  readonly key: string
  readonly start: number
  readonly end: number
  readonly text: string
}

interface SessionRun {
  /** In the order of being written. */
  readonly updates: ModelUpdate[]
  /** Sessions that have closed, in the order of closing. */
  readonly closed: ModelUpdate[]
}

/**
 * A record joins all sessions of its key that are at most the gap away. The aggregate begins with `0` and takes in, merged
 * with `&`, those sessions in the order of time, then the record (`+value`). A session closes when stream time has passed
 * its end by more than gap and grace; a record whose session would be closed is dropped.
 */
export function sessionUpdates(records: readonly ModelRecord[], { gap, grace }: SessionShape): SessionRun {
  let sessions: Session[] = []
  const updates: ModelUpdate[] = []
  const closed: ModelUpdate[] = []
  let streamTime = -1
  let emittedTo = 0
  for (const { key, value, ts } of records) {
    if (key === null) continue
    streamTime = Math.max(streamTime, ts)
    const closeTime = streamTime - grace - gap
    const near = sessions
      .filter((one) => one.key === key && one.end >= ts - gap && one.start <= ts + gap)
      .toSorted((a, b) => a.end - b.end)
    const start = Math.min(ts, ...near.map((one) => one.start))
    const end = Math.max(ts, ...near.map((one) => one.end))
    if (end >= closeTime) {
      const isSame = start === ts && end === ts
      sessions = sessions.filter((one) => !near.includes(one))
      for (const one of isSame ? [] : near) updates.push(update(one, null))
      const text = `${['0', ...near.map((one) => one.text)].join('&')}+${value}`
      const merged = { key, start, end, text }
      sessions.push(merged)
      updates.push(update(merged, text))
    }
    const closing = sessions.filter((one) => one.end >= emittedTo && one.end < closeTime)
    for (const one of closing) closed.push(update(one, one.text))
    emittedTo = Math.max(emittedTo, closeTime)
  }
  return { updates, closed }
}

function update({ key, start, end }: Session, value: string | null): ModelUpdate {
  return { key: windowText(key, start, end), value, ts: end }
}
