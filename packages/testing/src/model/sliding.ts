/** Sliding windows: which records lie within the time difference of each other. */
import { type ModelRecord, type ModelUpdate, windowText } from './model.ts'

/**
 * How many records each window holds at the end, with the greatest time in it. Nothing is late.
 *
 * Every time of a record ends a window (the first ones share the window that begins at 0) and begins one just after it,
 * which exists only if a record lies in it.
 */
export function slidingCounts(records: readonly ModelRecord[], differenceMs: number): ModelUpdate[] {
  const kept = records.filter(({ key, value }) => key !== null && value !== null)
  const updates: ModelUpdate[] = []
  for (const key of new Set(kept.map((record) => record.key ?? ''))) {
    const times = kept.filter((record) => record.key === key).map(({ ts }) => ts)
    const starts = new Set(times.flatMap((ts) => [Math.max(0, ts - differenceMs), ts + 1]))
    for (const start of starts) {
      const inside = times.filter((ts) => ts >= start && ts <= start + differenceMs)
      if (inside.length === 0) continue
      const text = windowText(key, start, start + differenceMs)
      updates.push({ key: text, value: String(inside.length), ts: Math.max(...inside) })
    }
  }
  return updates
}
