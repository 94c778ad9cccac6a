/** Stores of plain objects for tests of single operators. Keys are texts; nothing expires unless a test removes it. */
import type { Change } from '../src/record/change.ts'
import type { Windowed } from '../src/record/windowed.ts'
import type {
  BufferedContext,
  BufferedRecord,
  JoinSide,
  KeepsTime,
  KeyValue,
  StateStore,
  SuppressedUpdate,
  UnmatchedRecord,
  ValueAndTimestamp,
  VersionedRecord,
} from '../src/store/store.ts'

class FakeStore implements StateStore, KeepsTime {
  readonly name: string
  readonly persistent = false
  readonly isOpen = true
  observedStreamTimeMs = -1
  lastEmittedMs = -1

  constructor(name: string) {
    this.name = name
  }
}

/** A table: key to row. */
export class FakeTable<V> extends FakeStore {
  readonly rows = new Map<string, ValueAndTimestamp<V>>()

  get(key: string): ValueAndTimestamp<V> | null {
    return this.rows.get(key) ?? null
  }

  put(key: string, row: ValueAndTimestamp<V> | null): void {
    if (row === null) this.rows.delete(key)
    else this.rows.set(key, row)
  }
}

/** A versioned table without expiry: all versions of a key by time, null = deleted then. */
export class FakeVersionedTable<V> extends FakeStore {
  readonly versions = new Map<string, Map<number, V | null>>()

  get(key: string, asOfMs: number = Number.POSITIVE_INFINITY): VersionedRecord<V> | null {
    const times = [...(this.versions.get(key)?.keys() ?? [])].filter((time) => time <= asOfMs)
    if (times.length === 0) return null
    const timestampMs = Math.max(...times)
    const value = this.versions.get(key)?.get(timestampMs) ?? null
    return value === null ? null : { value, timestampMs, validToMs: null }
  }

  put(key: string, value: V | null, timestampMs: number): number {
    const versions = this.versions.get(key) ?? new Map<number, V | null>()
    this.versions.set(key, versions.set(timestampMs, value))
    const later = [...versions.keys()].filter((time) => time > timestampMs)
    return later.length === 0 ? -1 : Math.min(...later)
  }

  history(): Iterable<never> {
    return []
  }
}

/** Bytes to row, by hexadecimal key: a subscription store. */
export class FakeSubscriptions<V> extends FakeStore {
  readonly rows = new Map<string, V>()

  put(key: Uint8Array, row: V | null): void {
    if (row === null) this.rows.delete(hex(key))
    else this.rows.set(hex(key), row)
  }

  *prefixScan(prefix: Uint8Array): Iterable<KeyValue<Uint8Array, V>> {
    for (const key of [...this.rows.keys()].sort()) {
      if (!key.startsWith(hex(prefix))) continue
      const bytes = Uint8Array.from(key.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
      yield { key: bytes, value: this.rows.get(key) as V }
    }
  }
}

/** Windows by start, then key; `duplicates` keeps several values for one start. */
export class FakeWindowStore<V> extends FakeStore {
  rows: { key: string; startMs: number; value: V }[] = []
  private readonly sizeMs: number
  private readonly duplicates: boolean

  constructor(name: string, sizeMs: number, duplicates = false) {
    super(name)
    this.sizeMs = sizeMs
    this.duplicates = duplicates
  }

  put(key: string, value: V | null, startMs: number): void {
    if (!this.duplicates) this.rows = this.rows.filter((row) => row.key !== key || row.startMs !== startMs)
    if (value !== null) this.rows.push({ key, startMs, value })
    this.rows.sort((one, two) => one.startMs - two.startMs || (one.key < two.key ? -1 : one.key > two.key ? 1 : 0))
  }

  fetchOne(key: string, startMs: number): V | null {
    return this.rows.find((row) => row.key === key && row.startMs === startMs)?.value ?? null
  }

  fetch(key: string, fromMs: number, toMs: number): KeyValue<number, V>[] {
    return this.between(fromMs, toMs)
      .filter((row) => row.key === key)
      .map((row) => ({ key: row.startMs, value: row.value }))
  }

  backwardFetch(key: string, fromMs: number, toMs: number): KeyValue<number, V>[] {
    return this.fetch(key, fromMs, toMs).reverse()
  }

  fetchAll(fromMs: number, toMs: number): KeyValue<Windowed<string>, V>[] {
    return this.between(fromMs, toMs).map(({ key, startMs, value }) => ({
      key: { key, window: { startMs, endMs: startMs + this.sizeMs } },
      value,
    }))
  }

  private between(fromMs: number, toMs: number): { key: string; startMs: number; value: V }[] {
    return this.rows.filter((row) => row.startMs >= fromMs && row.startMs <= toMs)
  }
}

/** Sessions by end, then start. */
export class FakeSessionStore<V> extends FakeStore {
  rows: KeyValue<Windowed<string>, V>[] = []

  put(session: Windowed<string>, value: V | null): void {
    this.remove(session)
    if (value !== null) this.rows.push({ key: session, value })
    this.rows.sort(
      ({ key: one }, { key: two }) =>
        one.window.endMs - two.window.endMs || one.window.startMs - two.window.startMs || (one.key < two.key ? -1 : 1),
    )
  }

  remove({ key, window }: Windowed<string>): void {
    this.rows = this.rows.filter(
      (row) =>
        row.key.key !== key || row.key.window.startMs !== window.startMs || row.key.window.endMs !== window.endMs,
    )
  }

  fetchSession(key: string, startMs: number, endMs: number): V | null {
    const found = this.findSessions(key, endMs, startMs)
    return found.find(({ key: { window } }) => window.startMs === startMs && window.endMs === endMs)?.value ?? null
  }

  findSessions(key: string, earliestEndMs: number, latestStartMs: number): KeyValue<Windowed<string>, V>[] {
    return this.rows.filter(
      (row) => row.key.key === key && row.key.window.endMs >= earliestEndMs && row.key.window.startMs <= latestStartMs,
    )
  }

  findSessionsByEnd(fromMs: number, toMs: number): KeyValue<Windowed<string>, V>[] {
    return this.rows.filter((row) => row.key.window.endMs >= fromMs && row.key.window.endMs <= toMs)
  }
}

interface Waiting<V> {
  timeMs: number
  key: string
  update: Change<V>
  prior: V | null
  context: BufferedContext
}

/** A suppress buffer; every entry counts as ten bytes. */
export class FakeSuppressBuffer<V> extends FakeStore {
  private entries: Waiting<V>[] = []

  put(timeMs: number, key: string, update: Change<V>, context: BufferedContext): void {
    const waiting = this.entries.find((entry) => JSON.stringify(entry.key) === JSON.stringify(key))
    if (waiting !== undefined) Object.assign(waiting, { update, context })
    else this.entries.push({ timeMs, key, update, prior: update.oldValue, context })
    this.entries.sort((one, two) => one.timeMs - two.timeMs || (one.key < two.key ? -1 : 1))
  }

  evictWhile(predicate: () => boolean, emit: (update: SuppressedUpdate<string, V>) => void): void {
    for (let first = this.entries[0]; first !== undefined && predicate(); first = this.entries[0]) {
      emit({ key: first.key, change: first.update, context: first.context })
      this.entries.shift()
    }
  }

  get minTimeMs(): number {
    return this.entries[0]?.timeMs ?? Number.POSITIVE_INFINITY
  }

  get recordCount(): number {
    return this.entries.length
  }

  get byteCount(): number {
    return this.entries.length * 10
  }

  priorValue(key: string): V | null | undefined {
    return this.entries.find((entry) => entry.key === key)?.prior
  }
}

/** The buffer of a stream–table join with grace. */
export class FakeJoinBuffer<V> extends FakeStore {
  private readonly graceMs: number
  private records: BufferedRecord<string, V>[] = []
  private timeMs = -1

  constructor(name: string, graceMs: number) {
    super(name)
    this.graceMs = graceMs
  }

  put(key: string, value: V, context: BufferedContext): boolean {
    if (context.timestampMs < this.timeMs - this.graceMs) return false
    this.timeMs = Math.max(this.timeMs, context.timestampMs)
    this.records.push({ key, value, context })
    this.records.sort((one, two) => one.context.timestampMs - two.context.timestampMs)
    return true
  }

  evict(emit: (record: BufferedRecord<string, V>) => void): void {
    const isDue = (each: BufferedRecord<string, V>): boolean => each.context.timestampMs <= this.timeMs - this.graceMs
    const due = this.records.filter(isDue)
    this.records = this.records.filter((each) => !isDue(each))
    for (const each of due) emit(each)
  }
}

/** The buffer of unmatched records of a stream–stream join. */
export class FakeOuterBuffer<V> extends FakeStore {
  entries: UnmatchedRecord<string, V, V>[] = []

  add(side: JoinSide, key: string, timestampMs: number, value: V): void {
    this.entries.push({ side, key, timestampMs, value })
    const rank = (entry: UnmatchedRecord<string, V, V>): string => `${entry.side === 'right' ? 0 : 1}${entry.key}`
    this.entries.sort((one, two) => one.timestampMs - two.timestampMs || rank(one).localeCompare(rank(two)))
  }

  removeIfPresent(side: JoinSide, key: string, timestampMs: number): boolean {
    const before = this.entries.length
    this.remove(side, key, timestampMs)
    return this.entries.length < before
  }

  remove(side: JoinSide, key: string, timestampMs: number): void {
    this.entries = this.entries.filter(
      (entry) => entry.side !== side || entry.key !== key || entry.timestampMs !== timestampMs,
    )
  }

  all(): readonly UnmatchedRecord<string, V, V>[] {
    return [...this.entries]
  }

  get isEmpty(): boolean {
    return this.entries.length === 0
  }
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
