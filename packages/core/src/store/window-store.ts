/** Window stores: the typed view over rows by key and start. */
import { StreamsError } from '../errors.ts'
import type { Windowed } from '../record/windowed.ts'
import { listOpenKeyRange } from './cached-key-range.ts'
import type { StoreDefinition } from './definition.ts'
import type { LiveStore, StoreHost } from './host.ts'
import { windowLayout } from './key-layout.ts'
import { LiveRows } from './live-rows.ts'
import type { KeepsTime, KeyValue, WindowStore } from './store.ts'
import { type Listing, type ListingOrder, listRows } from './timed-range.ts'
import { firstAt, type TimedRow } from './timed-row.ts'
import { TimedRows } from './timed-rows.ts'
import type { ValueShape } from './value-codec.ts'
import { undefinedPut } from './undefined-put.ts'

/** Opens a plain, timestamped or headers window store, with or without duplicates. */
export function openWindowStore<K, V>(
  definition: StoreDefinition<K, V>,
  host: StoreHost,
): LiveStore<WindowStore<K, V>> {
  const shape: ValueShape =
    definition.kind === 'timestamped-window'
      ? 'timestamped'
      : definition.kind === 'headers-window'
        ? 'headers'
        : 'plain'
  const layout = windowLayout(definition.retainDuplicates === true)
  const rows = new TimedRows<K, V>(definition, host, shape, layout)
  return new LiveRows(rows, new WindowView(rows))
}

class WindowView<K, V> implements WindowStore<K, V>, KeepsTime {
  readonly name: string
  readonly persistent: boolean
  isOpen = true
  private readonly rows: TimedRows<K, V>
  private readonly windowSizeMs: number
  private readonly keyOrder: ListingOrder
  private readonly timeOrder: ListingOrder

  constructor(rows: TimedRows<K, V>) {
    const { definition } = rows
    this.name = definition.name
    this.persistent = definition.type === 'disk'
    this.rows = rows
    this.windowSizeMs = definition.windowSizeMs ?? 0
    this.keyOrder = definition.type === 'memory' ? 'time' : 'segment'
    this.timeOrder = definition.timeOrdered === true ? 'time' : this.keyOrder
    rows.flushKey = (row) => this.windowedKey(row)
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

  put(key: K, value: V | null, startMs: number): void {
    if (!this.isOpen) this.refuse()
    if (value === undefined) throw undefinedPut(this.name, key)
    this.rows.put(key, startMs, 0, value)
  }

  fetchOne(key: K, startMs: number): V | null {
    if (!this.isOpen) this.refuse()
    // Kafka's memory store lets go of windows before 0 at the next call.
    return startMs < 0 && !this.persistent ? null : this.rows.get(key, startMs, 0)
  }

  fetch(key: K, fromMs: number, toMs: number): Iterable<KeyValue<number, V>> {
    if (!this.isOpen) this.refuse()
    const found: KeyValue<number, V>[] = []
    const slot = this.rows.slotOf(key)
    if (slot === undefined) return found
    const { rows } = slot
    // Kafka compares times as if they had no sign: those before 0 are behind all others, in its disk stores.
    const firstMs = fromMs < 0 && (toMs >= 0 || !this.persistent) ? 0 : fromMs
    for (let i = firstAt(rows, firstMs, 0); i < rows.length; i++) {
      const row = rows[i] as TimedRow
      if (row.primary > toMs) break
      if (this.rows.isVisible(row)) found.push({ key: row.primary, value: this.rows.codec.read(row) as V })
    }
    return found
  }

  backwardFetch(key: K, fromMs: number, toMs: number): Iterable<KeyValue<number, V>> {
    return (this.fetch(key, fromMs, toMs) as KeyValue<number, V>[]).reverse()
  }

  fetchKeys(fromKey: K | null, toKey: K | null, fromMs: number, toMs: number): Iterable<KeyValue<Windowed<K>, V>> {
    return this.listKeys(fromKey, toKey, fromMs, toMs, false)
  }

  backwardFetchKeys(
    fromKey: K | null,
    toKey: K | null,
    fromMs: number,
    toMs: number,
  ): Iterable<KeyValue<Windowed<K>, V>> {
    return this.listKeys(fromKey, toKey, fromMs, toMs, true)
  }

  fetchAll(fromMs: number, toMs: number): Iterable<KeyValue<Windowed<K>, V>> {
    return this.list(fromMs, toMs, false)
  }

  backwardFetchAll(fromMs: number, toMs: number): Iterable<KeyValue<Windowed<K>, V>> {
    return this.list(fromMs, toMs, true)
  }

  all(): Iterable<KeyValue<Windowed<K>, V>> {
    return this.list(0, Infinity, false)
  }

  backwardAll(): Iterable<KeyValue<Windowed<K>, V>> {
    return this.list(0, Infinity, true)
  }

  private listKeys(
    from: K | null,
    to: K | null,
    fromMs: number,
    toMs: number,
    reverse: boolean,
  ): Iterable<KeyValue<Windowed<K>, V>> {
    if (!this.isOpen) this.refuse()
    const { rows } = this
    const fromKey = from === null ? null : rows.keyBytes(from)
    const toKey = to === null ? null : rows.keyBytes(to)
    const isOpenRange = fromKey === null || toKey === null
    const list = isOpenRange && rows.cache !== null && this.keyOrder === 'segment' ? listOpenKeyRange : listRows
    return this.entries(
      list(rows, { fromKey, toKey, fromMs: Math.max(0, fromMs), toMs, order: this.keyOrder, reverse }),
    )
  }

  private list(fromMs: number, toMs: number, reverse: boolean): Iterable<KeyValue<Windowed<K>, V>> {
    if (!this.isOpen) this.refuse()
    const { timeOrder: order } = this
    const listing: Listing = { fromKey: null, toKey: null, fromMs: Math.max(0, fromMs), toMs, order, reverse }
    return this.entries(listRows(this.rows, listing))
  }

  private entries(found: readonly TimedRow[]): KeyValue<Windowed<K>, V>[] {
    return found.map((row) => ({ key: this.windowedKey(row), value: this.rows.codec.read(row) as V }))
  }

  private windowedKey(row: TimedRow): Windowed<K> {
    const startMs = row.primary
    return { key: this.rows.keyOf(row.slot), window: { startMs, endMs: startMs + this.windowSizeMs } }
  }

  private refuse(): never {
    throw new StreamsError('MR_STORE_CLOSED', { store: this.name, task: this.rows.host.taskName })
  }
}
