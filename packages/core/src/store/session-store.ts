/** Session stores: the typed view over rows by key, end and start. */
import { StreamsError } from '../errors.ts'
import type { Windowed } from '../record/windowed.ts'
import type { StoreDefinition } from './definition.ts'
import type { LiveStore, StoreHost } from './host.ts'
import { sessionLayout } from './key-layout.ts'
import { LiveRows } from './live-rows.ts'
import type { KeepsTime, KeyValue, SessionStore } from './store.ts'
import { type ListingOrder, listRows } from './timed-range.ts'
import { firstAt, type TimedRow } from './timed-row.ts'
import { TimedRows } from './timed-rows.ts'

/** Opens a session store. With `headers-session` values are the same; the DSL stores no headers (Kafka 4.3). */
export function openSessionStore<K, V>(
  definition: StoreDefinition<K, V>,
  host: StoreHost,
): LiveStore<SessionStore<K, V>> {
  const rows = new TimedRows<K, V>(definition, host, 'plain', sessionLayout)
  return new LiveRows(rows, new SessionView(rows))
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
    this.rows.put(session.key, session.window.endMs, session.window.startMs, value)
  }

  remove(session: Windowed<K>): void {
    if (!this.isOpen) this.refuse()
    this.rows.put(session.key, session.window.endMs, session.window.startMs, null, true)
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
    return this.sessionsOf(key, earliestEndMs, latestStartMs)
  }

  backwardFindSessions(key: K, earliestEndMs: number, latestStartMs: number): Iterable<KeyValue<Windowed<K>, V>> {
    return this.sessionsOf(key, earliestEndMs, latestStartMs).reverse()
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

  /** By end, then (disk, as Kafka's time-ordered store) start and key, or (memory) key and start. */
  findSessionsByEnd(fromMs: number, toMs: number): Iterable<KeyValue<Windowed<K>, V>> {
    if (!this.isOpen) this.refuse()
    const found = listRows(this.rows, {
      fromKey: null,
      toKey: null,
      fromMs,
      toMs,
      order: this.persistent ? 'time' : 'session-time',
      reverse: false,
    })
    if (this.persistent) found.sort((a, b) => a.primary - b.primary || a.secondary - b.secondary)
    return found.map((row) => this.entry(row))
  }

  /** By end, then start (memory: latest start first). */
  private sessionsOf(key: K, earliestEndMs: number, latestStartMs: number): KeyValue<Windowed<K>, V>[] {
    if (!this.isOpen) this.refuse()
    const found: KeyValue<Windowed<K>, V>[] = []
    const slot = this.rows.slotOf(key)
    if (slot === undefined) return found
    const { rows } = slot
    for (let i = firstAt(rows, earliestEndMs, -Infinity); i < rows.length; i++) {
      const row = rows[i] as TimedRow
      if (row.secondary <= latestStartMs && this.rows.isVisible(row)) found.push(this.entry(row))
    }
    if (!this.persistent) found.sort(byEndThenLatestStart)
    return found
  }

  private list(
    from: K | null,
    to: K | null,
    earliestEndMs: number,
    latestStartMs: number,
    reverse: boolean,
  ): Iterable<KeyValue<Windowed<K>, V>> {
    if (!this.isOpen) this.refuse()
    const { rows } = this
    const found = listRows(rows, {
      fromKey: from === null ? null : rows.keyBytes(from),
      toKey: to === null ? null : rows.keyBytes(to),
      fromMs: earliestEndMs,
      toMs: Infinity,
      secondaryMax: latestStartMs,
      order: this.order,
      reverse,
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

function byEndThenLatestStart<K, V>(one: KeyValue<Windowed<K>, V>, other: KeyValue<Windowed<K>, V>): number {
  return one.key.window.endMs - other.key.window.endMs || other.key.window.startMs - one.key.window.startMs
}
