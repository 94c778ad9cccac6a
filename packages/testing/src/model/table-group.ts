/** A table grouped by the first letter of its values. */
import type { ModelRecord } from './model.ts'

/** How many rows each group has at the end; groups that had rows and have none any more count 0, or are not there. */
export function groupCounts(records: readonly ModelRecord[]): Map<string, string> {
  const rows = new Map<string, string | null>()
  for (const { key, value } of records) if (key !== null) rows.set(key, value)
  const counts = new Map<string, string>()
  for (const value of rows.values()) {
    if (value === null) continue
    const group = value.slice(0, 1)
    counts.set(group, String(Number(counts.get(group) ?? 0) + 1))
  }
  return counts
}
