/** Joins of streams and tables. The joined text is `left|right`, with `null` for a side that is missing. */
import type { ModelRecord, ModelUpdate } from './model.ts'

export type JoinKind = 'join' | 'leftJoin' | 'outerJoin'

const joined = (left: string | null, right: string | null): string => `${left}|${right}`

/** Rows of a table: the last value of each key. */
function rowsOf(records: readonly ModelRecord[], topic: string): Map<string, string> {
  const rows = new Map<string, string>()
  for (const record of records) {
    if (record.topic !== topic || record.key === null) continue
    if (record.value === null) rows.delete(record.key)
    else rows.set(record.key, record.value)
  }
  return rows
}

/** Each record of stream `l` with the row that table `r` has when it arrives. */
export function streamTableJoin(records: readonly ModelRecord[], kind: JoinKind): ModelUpdate[] {
  const updates: ModelUpdate[] = []
  records.forEach(({ topic, key, value, ts }, i) => {
    // A null value is dropped; a null key has no row.
    if (topic !== 'l' || value === null) return
    if (key === null) return
    const row = rowsOf(records.slice(0, i), 'r').get(key) ?? null
    if (row !== null || kind === 'leftJoin') updates.push({ key, value: joined(value, row), ts })
  })
  return updates
}

/** Each record of stream `l` with the row of the global table `r` whose key is the first letter of its value. */
export function globalTableJoin(records: readonly ModelRecord[], kind: JoinKind): ModelUpdate[] {
  const updates: ModelUpdate[] = []
  records.forEach(({ topic, key, value, ts }, i) => {
    if (topic !== 'l' || value === null) return
    const row = rowsOf(records.slice(0, i), 'r').get(value.slice(0, 1)) ?? null
    if (row !== null || kind === 'leftJoin') updates.push({ key: key ?? 'null', value: joined(value, row), ts })
  })
  return updates
}

/** Pairs of records of one stream and one key, each also with itself; nothing is late. */
export function selfJoin(
  records: readonly ModelRecord[],
  { before, after }: { before: number; after: number },
): ModelUpdate[] {
  return records.flatMap((left) =>
    records
      .filter((right) => right.key === left.key && right.ts >= left.ts - before && right.ts <= left.ts + after)
      .map((right) => ({
        key: left.key ?? '',
        value: joined(left.value, right.value),
        ts: Math.max(left.ts, right.ts),
      })),
  )
}

/** The table that the join of the tables `l` and `r` is at the end. */
export function tableTableJoin(records: readonly ModelRecord[], kind: JoinKind): Map<string, string> {
  const [left, right] = [rowsOf(records, 'l'), rowsOf(records, 'r')]
  const result = new Map<string, string>()
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const [one, other] = [left.get(key) ?? null, right.get(key) ?? null]
    if (one === null && kind !== 'outerJoin') continue
    if (other === null && kind === 'join') continue
    result.set(key, joined(one, other))
  }
  return result
}

/** The same by foreign key: the first letter of a row of `l` is the key in `r`. */
export function foreignKeyJoin(records: readonly ModelRecord[], kind: JoinKind): Map<string, string> {
  const [left, right] = [rowsOf(records, 'l'), rowsOf(records, 'r')]
  const result = new Map<string, string>()
  for (const [key, value] of left) {
    const other = right.get(value.slice(0, 1)) ?? null
    if (other !== null || kind === 'leftJoin') result.set(key, joined(value, other))
  }
  return result
}

/**
 * Pairs of the streams `l` and `r` of one key whose times are at most `before` or `after` apart, seen from the left.
 *
 * For left and outer joins also records that met none: at once when their window has passed before they arrive (so that
 * one may meet a late partner afterwards, which Kafka accepts), else when it has closed. Nothing is late for the stores,
 * and at the end all windows have closed but those of `openKey`.
 */
export function streamStreamJoin(
  records: readonly ModelRecord[],
  kind: JoinKind,
  { before, after, openKey }: { before: number; after: number; openKey: string },
): ModelUpdate[] {
  const updates: ModelUpdate[] = []
  const arrived: ModelRecord[] = []
  const waiting = new Set<ModelRecord>()
  let streamTime = -1
  const meets = (l: ModelRecord, r: ModelRecord): boolean =>
    l.key === r.key && r.ts >= l.ts - before && r.ts <= l.ts + after
  for (const record of records) {
    streamTime = Math.max(streamTime, record.ts)
    const isLeft = record.topic === 'l'
    const others = arrived.filter((other) => other.topic !== record.topic)
    const partners = others.filter((other) => (isLeft ? meets(record, other) : meets(other, record)))
    for (const other of partners) {
      const value = isLeft ? joined(record.value, other.value) : joined(other.value, record.value)
      updates.push({ key: record.key ?? '', value, ts: Math.max(record.ts, other.ts) })
      waiting.delete(other)
    }
    arrived.push(record)
    const keepsUnmatched = kind === 'outerJoin' || (kind === 'leftJoin' && isLeft)
    if (partners.length > 0 || !keepsUnmatched) continue
    const windowEnd = record.ts + (isLeft ? after : before)
    if (windowEnd < streamTime) updates.push(alone(record))
    else waiting.add(record)
  }
  for (const record of waiting) if (record.key !== openKey) updates.push(alone(record))
  return updates
}

function alone({ topic, key, value, ts }: ModelRecord): ModelUpdate {
  return { key: key ?? '', value: topic === 'l' ? joined(value, null) : joined(null, value), ts }
}
