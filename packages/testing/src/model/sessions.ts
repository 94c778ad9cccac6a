/** Session windows: records of a key that are no more than a gap apart belong together. */
import { type ModelRecord, windowText } from './model.ts'

interface Session {
  readonly key: string
  readonly times: number[]
  count: number
}

/**
 * Sessions at the end, as counts by the text of their keys. Nothing is late: grace is longer than the input.
 *
 * Two records of a key are in one session if a chain of records leads from one to the other in steps of at most the gap.
 */
export function sessionCounts(records: readonly ModelRecord[], gap: number): Map<string, string> {
  const sessions: Session[] = []
  const keyed = records.filter(({ key }) => key !== null).toSorted((a, b) => a.ts - b.ts)
  for (const { key, ts } of keyed) {
    const before = sessions.findLast((one) => one.key === key)
    const last = before?.times.at(-1)
    if (before !== undefined && last !== undefined && ts - last <= gap) {
      before.times.push(ts)
      before.count++
    } else {
      sessions.push({ key: key ?? '', times: [ts], count: 1 })
    }
  }
  const named = sessions.map(({ key, times, count }): [string, string] => [
    windowText(key, times[0] ?? 0, times.at(-1) ?? 0),
    String(count),
  ])
  return new Map(named)
}
