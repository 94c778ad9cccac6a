/** Several streams into one aggregate, each with an aggregator of its own. */
import { type ModelRecord, type ModelUpdate, windowText } from './model.ts'
import type { WindowShape } from './windows.ts'

/** `l` adds `+value`, `r` adds `+key:value`. */
function taken(text: string, { topic, key, value }: ModelRecord): string {
  return topic === 'l' ? `${text}+${value}` : `${text}+${key}:${value}`
}

interface Row {
  text: string
  ts: number
}

/** All updates of the aggregate of each key; its time is the greatest of its records. */
export function cogroupUpdates(records: readonly ModelRecord[]): ModelUpdate[] {
  const rows = new Map<string, Row>()
  const updates: ModelUpdate[] = []
  for (const record of records) {
    const { key, value, ts } = record
    if (key === null || value === null) continue
    updates.push({ key, ...add(rows, key, record, ts) })
  }
  return updates
}

/** The same in time windows. Each input has a stream time of its own, by which its records are late. */
export function cogroupWindows(records: readonly ModelRecord[], { size, advance, grace }: WindowShape): ModelUpdate[] {
  const rows = new Map<string, Row>()
  const updates: ModelUpdate[] = []
  const streamTimes = new Map<string, number>()
  for (const record of records) {
    const { topic, key, ts } = record
    if (key === null) continue
    const streamTime = Math.max(streamTimes.get(topic) ?? -1, ts)
    streamTimes.set(topic, streamTime)
    for (let start = 0; start <= ts; start += advance) {
      if (ts >= start + size || start + size + grace <= streamTime) continue
      const text = windowText(key, start, start + size)
      updates.push({ key: text, ...add(rows, text, record, ts) })
    }
  }
  return updates
}

function add(rows: Map<string, Row>, name: string, record: ModelRecord, ts: number): { value: string; ts: number } {
  const before = rows.get(name)
  const row = { text: taken(before?.text ?? '0', record), ts: Math.max(before?.ts ?? ts, ts) }
  rows.set(name, row)
  return { value: row.text, ts: row.ts }
}
