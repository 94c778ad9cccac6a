/**
 * The buffer of `suppress`: the latest change of each key, ordered by (buffer time, key bytes).
 *
 * As in Kafka a later change of a buffered key keeps its place and time, and carries on what downstream saw last (the
 * prior value). Unlike Kafka's the buffer is also in the engine, so that a restart of a disk store needs no restore.
 * The changelog gets one record per changed key at `flush`: value layout in serde/envelope/buffer-value.ts, then the
 * buffer time; header `v` = 3; no timestamp.
 */
import { FatalError } from '../errors.ts'
import { type Change, change as makeChange } from '../record/change.ts'
import { type Headers, noHeaders } from '../record/headers.ts'
import {
  type BufferValue,
  decodeBufferValue,
  encodeBufferValue,
  type StoredRecordContext,
} from '../serde/envelope/buffer-value.ts'
import { ownSerde } from '../serde/own-serde.ts'
import { kept } from '../serde/slab.ts'
import { BufferRows } from './buffer-rows.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, LiveStore, StoreHost } from './host.ts'
import { readInt64, writeInt64 } from './int64.ts'
import { JavaHashSet } from './java-hash-order.ts'
import { bytesEqual, bytesOf, latin1 } from './key-bytes.ts'
import { ChangelogLayer } from './layer/changelog.ts'
import { LiveRows } from './live-rows.ts'
import type { BufferedContext, SuppressBuffer, SuppressedUpdate } from './store.ts'
import { presentSerde } from './value-codec.ts'

interface SuppressEntry {
  /** `time 8 ‖ key`, as text. */
  readonly key: string
  readonly timeMs: number
  readonly userKey: string
  value: BufferValue
}

const versionHeaders: Headers = [{ key: 'v', value: Uint8Array.of(3) }]
const versionsRead = [2, 3]

/** Opens the buffer of a suppress operator. */
export function openSuppressBuffer<K, V>(
  definition: StoreDefinition<K, V>,
  host: StoreHost,
): LiveStore<SuppressBuffer<K, V>> {
  const buffer = new LiveSuppressBuffer<K, V>(definition, host)
  return new LiveRows<SuppressBuffer<K, V>>(buffer, buffer)
}

class LiveSuppressBuffer<K, V> extends BufferRows<SuppressEntry> implements SuppressBuffer<K, V> {
  minTimeMs = Infinity
  byteCount = 0
  private readonly keySerde: ReturnType<typeof ownSerde<K>>
  private readonly valueSerde: ReturnType<typeof ownSerde<V>>
  private readonly changelog: ChangelogLayer
  private readonly byKey = new Map<string, SuppressEntry>()
  private readonly unlogged = new JavaHashSet()

  constructor(definition: StoreDefinition<K, V>, host: StoreHost) {
    super(definition as unknown as StoreDefinition<never, never>, host)
    this.keySerde = ownSerde(presentSerde(definition.key, definition.name, 'key'), definition.name)
    this.valueSerde = ownSerde(presentSerde(definition.value, definition.name, 'value'), definition.name)
    this.changelog = new ChangelogLayer(host, this.definition, false)
  }

  get recordCount(): number {
    return this.byKey.size
  }

  put(bufferTimeMs: number, key: K, change: Change<V>, context: BufferedContext): void {
    this.assertOpen()
    const topic = this.host.changelogTopic
    const userKey = latin1(this.keySerde.serialize(key, topic))
    const newValue = this.serialized(change.newValue)
    const oldValue = this.serialized(change.oldValue)
    const buffered = this.byKey.get(userKey)
    const prior = buffered === undefined ? oldValue : buffered.value.priorValue
    const value: BufferValue = {
      context: { ...context, topic: context.topic ?? '' },
      priorValue: bytesEqual(prior, oldValue) ? oldValue : prior,
      oldValue,
      newValue,
    }
    this.set(buffered?.timeMs ?? bufferTimeMs, userKey, value)
    if (this.changelog.isOn) this.unlogged.add(userKey)
  }

  evictWhile(predicate: () => boolean, emit: (update: SuppressedUpdate<K, V>) => void): void {
    this.assertOpen()
    for (;;) {
      const entry = this.entries.first()
      if (!predicate() || entry === undefined) return
      emit(this.updateOf(entry))
      this.remove(entry)
      if (this.changelog.isOn) this.unlogged.add(entry.userKey)
    }
  }

  priorValue(key: K): V | null | undefined {
    const entry = this.byKey.get(latin1(this.keySerde.serialize(key, this.host.changelogTopic)))
    return entry === undefined ? undefined : this.deserialized(entry.value.priorValue, entry.value.context.headers)
  }

  flush(): void {
    if (this.unlogged.size === 0) return
    for (const userKey of this.unlogged.drain()) {
      const entry = this.byKey.get(userKey)
      const value = entry === undefined ? null : this.encodeEntry(entry)
      this.changelog.logAt(bytesOf(userKey), value, null, entry === undefined ? noHeaders : versionHeaders)
    }
  }

  restore(records: readonly ChangelogRecord[]): void {
    for (const record of records) {
      const userKey = latin1(record.key)
      if (record.value === null) {
        const entry = this.byKey.get(userKey)
        if (entry !== undefined) this.remove(entry)
        continue
      }
      this.assertVersion(record.headers)
      const row = record.value.slice()
      const value = decodeBufferValue(row)
      const timeMs = readInt64(row, row.length - 8)
      const buffered = this.byKey.get(userKey)
      if (buffered !== undefined && buffered.timeMs !== timeMs) this.remove(buffered)
      this.set(timeMs, userKey, value)
      this.times.restored(value.context.timestampMs)
    }
  }

  protected encodeEntry(entry: SuppressEntry): Uint8Array {
    const value = encodeBufferValue(entry.value)
    const row = new Uint8Array(value.length + 8)
    row.set(value)
    writeInt64(row, value.length, entry.timeMs)
    return row
  }

  protected decodeEntry(key: string, row: Uint8Array): SuppressEntry {
    return { key, timeMs: readInt64(row, row.length - 8), userKey: key.slice(8), value: decodeBufferValue(row) }
  }

  protected added(entry: SuppressEntry): void {
    this.byKey.set(entry.userKey, entry)
    this.byteCount += sizeOf(entry.userKey, entry.value)
    if (entry.timeMs < this.minTimeMs) this.minTimeMs = entry.timeMs
  }

  protected forget(): void {
    this.byKey.clear()
    this.unlogged.clear()
    this.byteCount = 0
    this.minTimeMs = Infinity
  }

  private set(timeMs: number, userKey: string, value: BufferValue): void {
    const buffered = this.byKey.get(userKey)
    if (buffered === undefined) {
      const entry = { key: orderedKey(timeMs, userKey), timeMs, userKey, value }
      this.insert(entry)
      this.added(entry)
      return
    }
    this.byteCount += sizeOf(userKey, value) - sizeOf(userKey, buffered.value)
    buffered.value = value
    this.touch(buffered.key)
  }

  private remove(entry: SuppressEntry): void {
    this.delete(entry.key)
    this.byKey.delete(entry.userKey)
    this.byteCount -= sizeOf(entry.userKey, entry.value)
    this.minTimeMs = this.entries.first()?.timeMs ?? Infinity
  }

  private updateOf(entry: SuppressEntry): SuppressedUpdate<K, V> {
    const { context, newValue, oldValue } = entry.value
    const key = this.keySerde.deserialize(bytesOf(entry.userKey), this.host.changelogTopic)
    const change = makeChange(
      this.deserialized(newValue, context.headers),
      this.deserialized(oldValue, context.headers),
    )
    return { key, change, context }
  }

  private serialized(value: V | null): Uint8Array | null {
    return value === null || value === undefined
      ? null
      : kept(this.valueSerde.serialize(value, this.host.changelogTopic))
  }

  private deserialized(bytes: Uint8Array | null, headers: Headers): V | null {
    return bytes === null ? null : this.valueSerde.deserialize(bytes, this.host.changelogTopic, headers)
  }

  private assertVersion(headers: Headers): void {
    const version = headers.findLast((header) => header.key === 'v')?.value?.[0]
    if (version !== undefined && versionsRead.includes(version)) return
    const found = version === undefined ? 'none' : String(version)
    throw new FatalError('MR_STORE_CHANGELOG', {
      store: this.name,
      reason: `its records have format ${found}, written by Kafka Streams before 2.4`,
    })
  }
}

function orderedKey(timeMs: number, userKey: string): string {
  const time = new Uint8Array(8)
  writeInt64(time, 0, timeMs)
  return latin1(time) + userKey
}

/** Kafka's estimate, which `maxBytes` is measured with. */
function sizeOf(userKey: string, value: BufferValue): number {
  const { priorValue, oldValue, newValue, context } = value
  const old = oldValue === null || bytesEqual(priorValue, oldValue) ? 0 : oldValue.length
  return 8 + userKey.length + lengthOf(priorValue) + old + lengthOf(newValue) + contextSize(context)
}

function contextSize(context: StoredRecordContext): number {
  let size = 20 + context.topic.length
  for (const { key, value } of context.headers) size += key.length + lengthOf(value)
  return size
}

function lengthOf(bytes: Uint8Array | null): number {
  return bytes === null ? 0 : bytes.length
}
