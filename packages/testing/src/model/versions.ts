/** Joins of a stream `l` with a table `r` that keeps older versions of its rows, at once and after a grace period. */
import type { JoinKind } from './joins.ts'
import type { ModelRecord, ModelUpdate } from './model.ts'

/** Versions by key, as they stand after some records; times of puts that were too old for the history are left out. */
class Versions {
  private readonly historyMs: number
  private puts: ModelRecord[] = []
  private streamTime = -1

  constructor(historyMs: number) {
    this.historyMs = historyMs
  }

  put(record: ModelRecord): void {
    if (record.key === null || record.ts < this.streamTime - this.historyMs) return
    this.streamTime = Math.max(this.streamTime, record.ts)
    const known = this.puts.filter(({ key }) => key === record.key)
    // A deletion at the very time of the only version leaves nothing behind, as in Kafka: older rows may then come in.
    const forgets = record.value === null && known.length > 0 && known.every(({ ts }) => ts === record.ts)
    if (forgets) this.puts = this.puts.filter(({ key }) => key !== record.key)
    else this.puts.push(record)
  }

  /** The value that was valid at a time, null if there was none or the history does not reach back that far. */
  asOf(key: string, ts: number): string | null {
    const versions = this.puts.filter((record) => record.key === key)
    const newest = Math.max(...versions.map((record) => record.ts))
    const isPast = ts < newest || versions.findLast((record) => record.ts === newest)?.value === null
    if (isPast && ts < this.streamTime - this.historyMs) return null
    const times = versions.map((record) => record.ts).filter((time) => time <= ts)
    // Of several puts with one time the last one counts.
    return versions.findLast((record) => record.ts === Math.max(...times))?.value ?? null
  }
}

/**
 * Each record of `l` with the row as of its own time. With `grace` it waits until stream time (of `l` alone) has reached
 * its time plus grace; those that wait come out in the order of time. `null` = no waiting.
 */
export function versionedJoin(
  records: readonly ModelRecord[],
  kind: JoinKind,
  { historyMs, grace }: { historyMs: number; grace: number | null },
): ModelUpdate[] {
  const versions = new Versions(historyMs)
  const updates: ModelUpdate[] = []
  let waiting: ModelRecord[] = []
  let streamTime = -1
  const join = ({ key, value, ts }: ModelRecord): void => {
    const row = versions.asOf(key ?? '', ts)
    if (row !== null || kind === 'leftJoin') updates.push({ key: key ?? '', value: `${value}|${row}`, ts })
  }
  for (const record of records) {
    if (record.topic === 'r') {
      versions.put(record)
      continue
    }
    if (record.value === null) continue
    if (grace === null) {
      join(record)
      continue
    }
    streamTime = Math.max(streamTime, record.ts)
    const dueTime = streamTime - grace
    if (record.ts < dueTime) {
      join(record)
      continue
    }
    waiting.push(record)
    const due = waiting.filter(({ ts }) => ts <= dueTime).toSorted((a, b) => a.ts - b.ts)
    waiting = waiting.filter((one) => !due.includes(one))
    for (const one of due) join(one)
  }
  return updates
}
