/** An aggregate of a stream by key. */
import type { ModelRecord, ModelUpdate } from './model.ts'

/** The greatest value of each key so far, one update per record, also when nothing changes. */
export function greatestUpdates(records: readonly ModelRecord[]): ModelUpdate[] {
  const updates: ModelUpdate[] = []
  for (const { key, value, ts } of records) {
    if (key === null || value === null) continue
    const before = updates.findLast((update) => update.key === key)
    const isGreater = before === undefined || value > (before.value ?? '')
    updates.push({ key, value: isGreater ? value : before.value, ts: Math.max(before?.ts ?? ts, ts) })
  }
  return updates
}
