/**
 * Versioned stores (KIP-889): the latest row of each key, and older versions as far back as the history retention.
 *
 * The latest rows are a key-value store of their own and are read when they are needed; older versions are in memory.
 * Every put goes to the changelog at once, refused ones too, with the version's own timestamp.
 */
import { StreamsError } from '../errors.ts'
import type { EngineOperation } from '../port/store-engine.ts'
import { noHeaders } from '../record/headers.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, LiveStore, StoreHost } from './host.ts'
import { bytesOf, latin1 } from './key-bytes.ts'
import { historyKind, rowPrefix } from './key-layout.ts'
import { iterateRows } from './key-value-range.ts'
import { KeyValueRows } from './key-value-rows.ts'
import { KeptTimes } from './kept-times.ts'
import { ChangelogLayer } from './layer/changelog.ts'
import { LiveRows } from './live-rows.ts'
import { absent, isPresent, type Row } from './row.ts'
import {
  type KeyValue,
  putLatest,
  putRejected,
  type ValueAndTimestamp,
  type VersionedKeyValueStore,
  type VersionedRecord,
} from './store.ts'
import { placeOf, type Version, VersionHistory } from './version-history.ts'
import { undefinedPut } from './undefined-put.ts'

/** Opens a versioned store. */
export function openVersionedStore<K, V>(
  definition: StoreDefinition<K, V>,
  host: StoreHost,
): LiveStore<VersionedKeyValueStore<K, V>> {
  const store = new LiveVersionedStore<K, V>(definition, host)
  return new LiveRows<VersionedKeyValueStore<K, V>>(store, store)
}

class LiveVersionedStore<K, V> implements VersionedKeyValueStore<K, V> {
  readonly definition: StoreDefinition<K, V>
  readonly cache = null
  readonly name: string
  readonly persistent = true
  isOpen = true
  private readonly host: StoreHost
  private readonly latest: KeyValueRows<K, ValueAndTimestamp<V>>
  private readonly older: VersionHistory
  private readonly changelog: ChangelogLayer
  private readonly times: KeptTimes
  private readonly retentionMs: number
  /** Greatest time put, −1 at first. */
  private observedMs = -1

  constructor(definition: StoreDefinition<K, V>, host: StoreHost) {
    this.definition = definition
    this.name = definition.name
    this.host = host
    this.retentionMs = definition.historyRetentionMs ?? 0
    const latest = { ...definition, caching: false } as unknown as StoreDefinition<K, ValueAndTimestamp<V>>
    this.latest = new KeyValueRows(latest, withoutChangelog(host), 'timestamped')
    const intervalMs = definition.segmentIntervalMs ?? segmentInterval(this.retentionMs)
    this.older = new VersionHistory(host.engine, rowPrefix(host.enginePrefix, historyKind), intervalMs)
    this.changelog = new ChangelogLayer(host, definition as unknown as StoreDefinition<never, never>, true)
    this.times = new KeptTimes(host.engine, host.enginePrefix)
  }

  put(key: K, value: V | null, timestampMs: number): number {
    this.assertOpen()
    if (value === undefined) throw undefinedPut(this.name, key)
    const bytes = value === null ? null : this.latest.codec.serialize(value)
    const row = this.latest.find(key)
    const isRejected = timestampMs < this.observedMs - this.retentionMs
    if (isRejected) this.host.droppedRecord()
    const answer = isRejected ? putRejected : this.apply(row, bytes, timestampMs)
    if (this.changelog.isOn) this.changelog.logAt(bytesOf(row.key), bytes, timestampMs, noHeaders)
    return answer
  }

  delete(key: K, timestampMs: number): VersionedRecord<V> | null {
    this.assertOpen()
    if (timestampMs < this.observedMs - this.retentionMs) {
      this.put(key, null, timestampMs)
      return null
    }
    const valid = this.get(key, timestampMs)
    this.put(key, null, timestampMs)
    return valid
  }

  get(key: K, asOfTimestampMs?: number): VersionedRecord<V> | null {
    this.assertOpen()
    const row = this.latest.find(key)
    if (isPresent(row) && (asOfTimestampMs === undefined || row.timestampMs <= asOfTimestampMs)) {
      const { value, timestampMs } = this.latest.read(row) as ValueAndTimestamp<V>
      return { value, timestampMs, validToMs: null }
    }
    if (asOfTimestampMs === undefined || asOfTimestampMs < this.observedMs - this.retentionMs) return null
    const versions = this.older.of(row.key)
    const version = versions[placeOf(versions, asOfTimestampMs) - 1]
    if (version === undefined || version.bytes === null || version.toMs <= asOfTimestampMs) return null
    return { value: this.decoded(version), timestampMs: version.fromMs, validToMs: null }
  }

  *history(): Iterable<KeyValue<K, VersionedRecord<V>>> {
    this.assertOpen()
    const latest = new Map<string, ValueAndTimestamp<V>>()
    for (const { key, value } of iterateRows(this.latest, {})) latest.set(latin1(this.latest.keyBytes(key)), value)
    const keys = [...new Set([...latest.keys(), ...this.older.keys()])].sort((a, b) => (a < b ? -1 : 1))
    for (const text of keys) {
      const key = this.latest.keyOf(text)
      const now = latest.get(text)
      if (now !== undefined) yield { key, value: { value: now.value, timestampMs: now.timestampMs, validToMs: null } }
      for (const version of [...this.older.of(text)].reverse()) {
        if (version.bytes === null) continue
        const { fromMs, toMs } = version
        yield { key, value: { value: this.decoded(version), timestampMs: fromMs, validToMs: toMs } }
      }
    }
  }

  async load(): Promise<void> {
    this.observedMs = this.times.load()
    await this.older.load()
  }

  flush(): void {}

  /** Time moves on first, then every record is put: the latest version of a key is never too old. */
  restore(records: readonly ChangelogRecord[]): void {
    for (const { timestampMs } of records) this.observe(timestampMs)
    for (const { key, value, timestampMs } of records) {
      this.apply(this.latest.findText(latin1(key)), value === null ? null : value.slice(), timestampMs)
    }
  }

  stage(into: EngineOperation[]): void {
    this.latest.stage(into)
    this.older.stage(into)
    this.times.stage(into, this.observedMs)
  }

  committed(): void {
    this.latest.committed()
  }

  close(): void {
    this.latest.close()
  }

  rollback(): void {
    this.latest.rollback()
    this.older.clear()
    this.observedMs = -1
  }

  /** @returns what `put` answers */
  private apply(row: Row, bytes: Uint8Array | null, timestampMs: number): number {
    this.observe(timestampMs)
    if (isPresent(row)) {
      if (timestampMs < row.timestampMs) return this.insert(row.key, bytes, timestampMs, row.timestampMs)
      this.replaceLatest(row, bytes, timestampMs)
      return putLatest
    }
    const versions = this.older.of(row.key)
    const deletion = versions[versions.length - 1]
    if (deletion !== undefined && timestampMs < deletion.fromMs) {
      return this.insert(row.key, bytes, timestampMs, deletion.fromMs)
    }
    this.putAfterDeletion(row, bytes, timestampMs, deletion)
    return putLatest
  }

  private replaceLatest(row: Row, bytes: Uint8Array | null, timestampMs: number): void {
    const { key, timestampMs: fromMs } = row
    if (timestampMs > fromMs) {
      this.older.add(key, { fromMs, toMs: timestampMs, bytes: this.latest.codec.encoded(row) })
    }
    this.latest.putBytes(row, bytes, timestampMs)
    if (bytes === null && this.older.of(key).length > 0) {
      this.older.add(key, { fromMs: timestampMs, toMs: timestampMs, bytes: null })
    }
  }

  /** Nothing is newer than the deletion (or nothing is known of the key). */
  private putAfterDeletion(
    row: Row,
    bytes: Uint8Array | null,
    timestampMs: number,
    deletion: Version | undefined,
  ): void {
    const { key } = row
    if (deletion !== undefined && timestampMs > deletion.fromMs) this.older.end(key, deletion, timestampMs)
    const isAgain = deletion?.fromMs === timestampMs
    if (bytes === null) {
      if (!isAgain) this.older.add(key, { fromMs: timestampMs, toMs: timestampMs, bytes: null })
      return
    }
    if (deletion !== undefined && isAgain) this.older.remove(key, deletion)
    this.latest.putBytes(row, bytes, timestampMs)
  }

  /** Puts a version before the newest one, which begins at `newestMs`. @returns when it stops being valid */
  private insert(key: string, bytes: Uint8Array | null, timestampMs: number, newestMs: number): number {
    const versions = this.older.of(key)
    const place = placeOf(versions, timestampMs)
    const before = versions[place - 1]
    if (before?.fromMs === timestampMs) {
      this.older.replace(key, before, bytes)
      return before.toMs
    }
    const toMs = versions[place]?.fromMs ?? newestMs
    if (before !== undefined && before.toMs > timestampMs) this.older.end(key, before, timestampMs)
    this.older.add(key, { fromMs: timestampMs, toMs, bytes })
    return toMs
  }

  private observe(timestampMs: number): void {
    if (timestampMs <= this.observedMs) return
    this.observedMs = timestampMs
    this.older.expire(timestampMs - this.retentionMs)
  }

  private decoded(version: Version): V {
    const content = { ...absent(), bytes: version.bytes, timestampMs: version.fromMs }
    return (this.latest.codec.read(content) as ValueAndTimestamp<V>).value
  }

  private assertOpen(): void {
    if (!this.isOpen) throw new StreamsError('MR_STORE_CLOSED', { store: this.name, task: this.host.taskName })
  }
}

/** Kafka's default length of a segment of older versions. */
function segmentInterval(retentionMs: number): number {
  if (retentionMs <= 60_000) return Math.max(Math.floor(retentionMs / 3), 2_000)
  if (retentionMs <= 300_000) return Math.max(Math.floor(retentionMs / 5), 20_000)
  if (retentionMs <= 3_600_000) return Math.max(Math.floor(retentionMs / 12), 60_000)
  return Math.max(Math.floor(retentionMs / 24), 300_000)
}

function withoutChangelog(host: StoreHost): StoreHost {
  return {
    taskName: host.taskName,
    engine: host.engine,
    enginePrefix: host.enginePrefix,
    current: host.current,
    changelog: null,
    changelogTopic: host.changelogTopic,
    droppedRecord: () => host.droppedRecord(),
    pinnedBytes: (delta) => host.pinnedBytes(delta),
    cacheBytesMax: 0,
    nowMs: () => host.nowMs(),
    ...(host.cleanRowsMax === undefined ? {} : { cleanRowsMax: host.cleanRowsMax }),
    ...(host.readBudget === undefined ? {} : { readBudget: host.readBudget }),
  }
}
