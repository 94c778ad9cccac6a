/** Session stores: the typed view over rows by key, end and start. */
import { StreamsError } from '../errors.ts'
import type { Windowed } from '../record/windowed.ts'
import { listCachedMemorySessions } from './cached-key-range.ts'
import type { StoreDefinition } from './definition.ts'
import type { LiveStore, StoreHost } from './host.ts'
import { sessionLayout } from './key-layout.ts'
import { LiveRows } from './live-rows.ts'
import type { KeepsTime, KeyValue, SessionStore } from './store.ts'
import { type ListingOrder, listRows } from './timed-range.ts'
import { firstAt, type TimedRow } from './timed-row.ts'
import { TimedRows } from './timed-rows.ts'
import { undefinedPut } from './undefined-put.ts'
import { refuseWindow } from './window-refusal.ts'

/** Opens a session store. With `headers-session` values are the same; the DSL stores no headers (Kafka 4.3). */
export function openSessionStore<K, V>(
  definition: StoreDefinition<K, V>,
  host: StoreHost,
): LiveStore<SessionStore<K, V>> {
  const rows = new TimedRows<K, V>(definition, host, 'plain', sessionLayout)
  return new LiveRows(rows, new SessionView(rows))
}

/** Bounds of a search, all inclusive. */
interface SessionSearch {
  readonly fromKey: Uint8Array | null
  readonly toKey: Uint8Array | null
  readonly earliestEndMs: number
  readonly latestStartMs: number
  readonly reverse: boolean
  readonly among?: readonly TimedRow[]
}

class SessionView<K, V> implements SessionStore<K, V>, KeepsTime {
  readonly name: string
  readonly persistent: boolean
  isOpen = true
  private readonly rows: TimedRows<K, V>
  private readonly order: ListingOrder

  constructor(rows: TimedRows<K, V>) {
    this.name = rows.definition.name
    this.persistent = rows.definition.type === 'disk'
    this.rows = rows
    this.order = this.persistent ? 'segment' : 'session-time'
    rows.flushKey = (row) => this.sessionKey(row)
  }

  get observedStreamTimeMs(): number {
    return this.rows.times.observedStreamTimeMs
  }

  set observedStreamTimeMs(timeMs: number) {
    this.rows.times.observedStreamTimeMs = timeMs
  }

  get lastEmittedMs(): number {
    return this.rows.times.lastEmittedMs
  }

  set lastEmittedMs(timeMs: number) {
    this.rows.times.lastEmittedMs = timeMs
  }

  put(session: Windowed<K>, value: V | null): void {
    if (!this.isOpen) this.refuse()
    if (value === undefined) throw undefinedPut(this.name, session.key)
    const { startMs, endMs } = session.window
    if (startMs < 0 || endMs < startMs) refuseWindow(this.rows.definition, startMs, endMs)
    this.rows.put(session.key, endMs, startMs, value)
  }

  remove(session: Windowed<K>): void {
    if (!this.isOpen) this.refuse()
    const { startMs, endMs } = session.window
    if (startMs < 0 || endMs < startMs) refuseWindow(this.rows.definition, startMs, endMs)
    this.rows.put(session.key, endMs, startMs, null, true)
  }

  fetchSession(key: K, startMs: number, endMs: number): V | null {
    if (!this.isOpen) this.refuse()
    return this.rows.get(key, endMs, startMs)
  }

  fetch(key: K): Iterable<KeyValue<Windowed<K>, V>> {
    return this.findSessions(key, 0, Infinity)
  }

  backwardFetch(key: K): Iterable<KeyValue<Windowed<K>, V>> {
    return this.backwardFindSessions(key, 0, Infinity)
  }

  fetchKeys(fromKey: K | null, toKey: K | null): Iterable<KeyValue<Windowed<K>, V>> {
    return this.list(fromKey, toKey, 0, Infinity, false)
  }

  backwardFetchKeys(fromKey: K | null, toKey: K | null): Iterable<KeyValue<Windowed<K>, V>> {
    return this.list(fromKey, toKey, 0, Infinity, true)
  }

  findSessions(key: K, earliestEndMs: number, latestStartMs: number): Iterable<KeyValue<Windowed<K>, V>> {
    return this.sessionsOf(key, earliestEndMs, latestStartMs, false)
  }

  backwardFindSessions(key: K, earliestEndMs: number, latestStartMs: number): Iterable<KeyValue<Windowed<K>, V>> {
    return this.sessionsOf(key, earliestEndMs, latestStartMs, true)
  }

  findSessionsKeys(
    fromKey: K | null,
    toKey: K | null,
    earliestEndMs: number,
    latestStartMs: number,
  ): Iterable<KeyValue<Windowed<K>, V>> {
    return this.list(fromKey, toKey, earliestEndMs, latestStartMs, false)
  }

  backwardFindSessionsKeys(
    fromKey: K | null,
    toKey: K | null,
    earliestEndMs: number,
    latestStartMs: number,
  ): Iterable<KeyValue<Windowed<K>, V>> {
    return this.list(fromKey, toKey, earliestEndMs, latestStartMs, true)
  }

  /**
   * By end, then (disk, as Kafka's time-ordered store) start and key, or (memory) key and start. On disk sessions that
   * are older than the retention are still found, as long as their segment is there.
   */
  findSessionsByEnd(fromMs: number, toMs: number): Iterable<KeyValue<Windowed<K>, V>> {
    if (!this.isOpen) this.refuse()
    const found = listRows(this.rows, {
      fromKey: null,
      toKey: null,
      fromMs,
      toMs,
      order: this.persistent ? 'time' : 'session-time',
      ...(this.persistent ? { layer: 'kept' as const } : {}),
      reverse: false,
    })
    if (this.persistent) found.sort((a, b) => a.primary - b.primary || a.secondary - b.secondary)
    return found.map((row) => this.entry(row))
  }

  /** By end, then start (memory: latest start first). */
  private sessionsOf(
    key: K,
    earliestEndMs: number,
    latestStartMs: number,
    reverse: boolean,
  ): KeyValue<Windowed<K>, V>[] {
    if (!this.isOpen) this.refuse()
    const slot = this.rows.slotOf(key)
    if (slot === undefined) return []
    const { rows } = slot
    const among: TimedRow[] = []
    for (let i = firstAt(rows, earliestEndMs, -Infinity); i < rows.length; i++) {
      const row = rows[i] as TimedRow
      if (row.secondary <= latestStartMs) among.push(row)
      // Sessions that do not overlap begin in the order in which they end.
      else if (!slot.isNested) break
    }
    if (!this.persistent) {
      return this.entries({ fromKey: null, toKey: null, earliestEndMs, latestStartMs, reverse, among })
    }
    const found: KeyValue<Windowed<K>, V>[] = []
    for (const row of among) {
      if (!this.rows.isVisible(row)) continue
      if (!reverse || !this.isMissedBackward(row, latestStartMs)) found.push(this.entry(row))
    }
    return reverse ? found.reverse() : found
  }

  /**
   * Kafka's backward search takes the latest start for a bound of the end in the newest segment of its cache: what only
   * the cache still has and ends later is not found.
   */
  private isMissedBackward(row: TimedRow, latestStartMs: number): boolean {
    const { rows } = this
    if (rows.cache === null || row.primary <= latestStartMs || rows.isVisibleBelow(row)) return false
    const { intervalMs } = rows.expiry
    return Math.floor(row.primary / intervalMs) === Math.floor(rows.newestCachedMs / intervalMs)
  }

  private list(
    from: K | null,
    to: K | null,
    earliestEndMs: number,
    latestStartMs: number,
    reverse: boolean,
  ): Iterable<KeyValue<Windowed<K>, V>> {
    if (!this.isOpen) this.refuse()
    const fromKey = from === null ? null : this.rows.keyBytes(from)
    const toKey = to === null ? null : this.rows.keyBytes(to)
    return this.entries({ fromKey, toKey, earliestEndMs, latestStartMs, reverse })
  }

  private entries(search: SessionSearch): KeyValue<Windowed<K>, V>[] {
    const { fromKey, toKey, earliestEndMs, latestStartMs, reverse, among } = search
    const list = this.rows.cache !== null && !this.persistent ? listCachedMemorySessions : listRows
    const found = list(this.rows, {
      fromKey,
      toKey,
      fromMs: earliestEndMs,
      toMs: Infinity,
      secondaryMax: latestStartMs,
      order: this.order,
      reverse,
      ...(among === undefined ? {} : { among }),
    })
    return found.map((row) => this.entry(row))
  }

  private entry(row: TimedRow): KeyValue<Windowed<K>, V> {
    return { key: this.sessionKey(row), value: this.rows.codec.read(row) as V }
  }

  private sessionKey(row: TimedRow): Windowed<K> {
    return { key: this.rows.keyOf(row.slot), window: { startMs: row.secondary, endMs: row.primary } }
  }

  private refuse(): never {
    throw new StreamsError('MR_STORE_CLOSED', { store: this.name, task: this.rows.host.taskName })
  }
}
