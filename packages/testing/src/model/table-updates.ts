/** Tables update by update: joins of two tables, and groups that take rows in and out. */
import type { JoinKind } from './joins.ts'
import type { ModelRecord, ModelUpdate } from './model.ts'

interface Row {
  readonly value: string | null
  readonly ts: number
}

/**
 * What the join of the tables `l` and `r` writes at each change of one of them.
 *
 * A change is passed on when there is a result, or when there may have been one before (then as a deletion). The time is the
 * greater of both rows', and its own where the other side has none.
 */
export function tableJoinUpdates(records: readonly ModelRecord[], kind: JoinKind): ModelUpdate[] {
  const tables: Record<string, Map<string, Row>> = { l: new Map(), r: new Map() }
  const updates: ModelUpdate[] = []
  for (const { topic, key, value, ts } of records) {
    if (key === null) continue
    const own = tables[topic] ?? new Map<string, Row>()
    const before = own.get(key)?.value ?? null
    const other = tables[topic === 'l' ? 'r' : 'l']?.get(key)
    own.set(key, { value, ts })
    const otherValue = other?.value ?? null
    const isLeft = topic === 'l'
    const [left, right] = isLeft ? [value, otherValue] : [otherValue, value]
    // The side whose rows come out alone.
    const keepsOwn = kind === 'outerJoin' || (kind === 'leftJoin' && isLeft)
    const keepsOther = kind === 'outerJoin' || (kind === 'leftJoin' && !isLeft)
    if (otherValue === null && (!keepsOwn || (value === null && before === null))) continue
    const hasResult = value === null ? otherValue !== null && keepsOther : otherValue !== null || keepsOwn
    const time = otherValue === null ? ts : Math.max(ts, other?.ts ?? ts)
    updates.push({ key, value: hasResult ? `${left}|${right}` : null, ts: time })
  }
  return updates
}

/**
 * Aggregates of a table grouped by the first letter of its values: `0`, then `+value` for a row that comes and `-value` for
 * one that goes. A row that changes within its group goes and comes in one update.
 */
export function groupUpdates(records: readonly ModelRecord[]): ModelUpdate[] {
  const rows = new Map<string, string>()
  const groups = new Map<string, { text: string; ts: number }>()
  const updates: ModelUpdate[] = []
  const write = (name: string, ts: number, change: (text: string) => string): void => {
    const before = groups.get(name)
    const group = { text: change(before?.text ?? '0'), ts: Math.max(before?.ts ?? ts, ts) }
    groups.set(name, group)
    updates.push({ key: name, value: group.text, ts: group.ts })
  }
  for (const { key, value, ts } of records) {
    if (key === null) continue
    const before = rows.get(key) ?? null
    if (value === null) rows.delete(key)
    else rows.set(key, value)
    const [from, to] = [before?.slice(0, 1), value?.slice(0, 1)]
    if (from !== undefined && from === to) {
      write(from, ts, (text) => `${text}-${before}+${value}`)
      continue
    }
    if (from !== undefined) write(from, ts, (text) => `${text}-${before}`)
    if (to !== undefined) write(to, ts, (text) => `${text}+${value}`)
  }
  return updates
}
