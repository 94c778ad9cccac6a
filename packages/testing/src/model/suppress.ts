/** Tables behind `suppress`: with a time limit, and until windows close, each with limits of records and bytes. */
import { type ModelRecord, type ModelUpdate, windowText } from './model.ts'
import type { WindowShape } from './windows.ts'

/** Limits of a buffer; Infinity = none. */
export interface SuppressLimits {
  readonly maxRecords: number
  /** By Kafka's estimate. */
  readonly maxBytes: number
  /** Above a limit: the oldest come out early, or the record fails. */
  readonly whenFull: 'emit' | 'stop'
}

/** What came out; `stoppedAt` = number of the record at which a buffer was full, where that ends the run. */
export interface Suppressed {
  readonly updates: readonly ModelUpdate[]
  readonly stoppedAt: number | null
}

/** A change that waits: what was there before it began to wait, what its last change replaced, and what it says now. */
interface Waiting {
  readonly key: string
  /** Time by which it is ordered and released. */
  readonly since: number
  readonly before: string | null
  readonly replaced: string | null
  readonly value: string | null
  readonly ts: number
}

/** Bytes of time, offset, partition, length of the topic's name; and of the time in the buffer. */
const contextBytes = 20
const timeBytes = 8
/** Serialized windowed keys end with the start of the window. */
const windowBytes = 8

const lengthOf = (text: string | null): number => text?.length ?? 0

/** One buffer; `keyBytes` is how many bytes its keys have beyond their text, and the name of the topic counts too. */
class Buffer {
  readonly updates: ModelUpdate[] = []
  private waiting: Waiting[] = []
  private readonly limits: SuppressLimits
  private readonly bytesBeside: number

  constructor(limits: SuppressLimits, bytesBeside: number) {
    this.limits = limits
    this.bytesBeside = bytesBeside
  }

  /** A change of a key: the newest takes the place of the one that waits, at its time. */
  put(key: string, since: number, change: Pick<Waiting, 'replaced' | 'value' | 'ts'>): void {
    const known = this.waiting.find((one) => one.key === key)
    const before = known === undefined ? change.replaced : known.before
    const one = { key, since: known?.since ?? since, before, ...change }
    // Equal times: by the bytes of the keys, of which the first letter decides.
    this.waiting = [...this.waiting.filter((other) => other !== known), one].toSorted(
      (a, b) => a.since - b.since || (a.key < b.key ? -1 : 1),
    )
  }

  /** Lets out what is due, then what is too much. @returns false when it is full and may not let out anything early */
  release(isDue: (since: number) => boolean): boolean {
    while (this.waiting[0] !== undefined && isDue(this.waiting[0].since)) this.letOut()
    if (this.limits.whenFull === 'emit') while (this.isFull()) this.letOut()
    return !this.isFull()
  }

  private isFull(): boolean {
    return this.waiting.length > this.limits.maxRecords || this.bytes() > this.limits.maxBytes
  }

  private bytes(): number {
    let bytes = 0
    for (const { before, replaced, value } of this.waiting) {
      const twice = before === replaced ? 0 : lengthOf(replaced)
      bytes += timeBytes + contextBytes + this.bytesBeside + lengthOf(before) + twice + lengthOf(value)
    }
    return bytes
  }

  private letOut(): void {
    const { key, value, ts } = this.waiting.shift() as Waiting
    this.updates.push({ key, value, ts })
  }
}

/**
 * One change of each key waits, the newest; it comes out when stream time has reached the time of the first one plus the
 * limit, or earlier, the oldest first, while too many wait. Keys are single letters.
 *
 * @param endsWhenFull a full buffer ends the run; otherwise the record is only reported, and what it says waits with the others
 */
export function suppressedUpdates(
  records: readonly ModelRecord[],
  { limitMs, ...limits }: SuppressLimits & { readonly limitMs: number },
  endsWhenFull: boolean,
): Suppressed {
  const table = new Map<string, string | null>()
  const buffer = new Buffer(limits, 1 + (records[0]?.topic.length ?? 0))
  let streamTime = -1
  for (const [at, { key, value, ts }] of records.entries()) {
    if (key === null) continue
    streamTime = Math.max(streamTime, ts)
    const before = buffer.updates.length
    buffer.put(key, ts, { replaced: table.get(key) ?? null, value, ts })
    table.set(key, value)
    if (!buffer.release((since) => since <= streamTime - limitMs) && endsWhenFull)
      return { updates: buffer.updates.slice(0, before), stoppedAt: at }
  }
  return { updates: buffer.updates, stoppedAt: null }
}

/**
 * Windows as in `windows.ts`, whose last aggregates wait until they close. A buffer that is full never lets out one early.
 *
 * @param endsWhenFull as above
 */
export function suppressedWindows(
  records: readonly ModelRecord[],
  { size, grace, ...limits }: WindowShape & SuppressLimits,
  endsWhenFull: boolean,
): Suppressed {
  const aggregates = new Map<string, { readonly text: string; readonly ts: number }>()
  const buffer = new Buffer({ ...limits, whenFull: 'stop' }, 1 + windowBytes + (records[0]?.topic.length ?? 0))
  let [streamTime, seen] = [-1, -1]
  for (const [at, { key, value, ts }] of records.entries()) {
    if (key === null) continue
    streamTime = Math.max(streamTime, ts)
    const end = ts - (ts % size) + size
    if (end + grace <= streamTime) continue
    const name = windowText(key, end - size, end)
    const old = aggregates.get(name)
    // The first change of a window replaces what the initializer made (Kafka's sizes say so).
    const replaced = old?.text ?? '0'
    const now = { text: `${replaced}+${value}`, ts: Math.max(old?.ts ?? -1, ts) }
    aggregates.set(name, now)
    seen = Math.max(seen, now.ts)
    const before = buffer.updates.length
    buffer.put(name, end, { replaced, value: now.text, ts: now.ts })
    if (!buffer.release((since) => since <= seen - grace) && endsWhenFull)
      return { updates: buffer.updates.slice(0, before), stoppedAt: at }
  }
  return { updates: buffer.updates, stoppedAt: null }
}
