/**
 * The buffer of a stream–table join with grace: stream records wait until the table has had time to catch up.
 *
 * Rows are ordered by Kafka's changelog key, `00 ‖ time 8 ‖ key ‖ seq 4`. Every put and every release is sent to the
 * changelog at once, without a timestamp: value layout in serde/envelope/buffer-value.ts, then eight zero bytes.
 */
import { noHeaders } from '../record/headers.ts'
import { decodeBufferValue, encodeBufferValue, type StoredRecordContext } from '../serde/envelope/buffer-value.ts'
import { decodePrefixedWindowKey, encodeTimeFirstWindowKey } from '../serde/envelope/window-key.ts'
import { ownSerde } from '../serde/own-serde.ts'
import { BufferRows } from './buffer-rows.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, LiveStore, StoreHost } from './host.ts'
import { bytesOf, latin1 } from './key-bytes.ts'
import { ChangelogLayer } from './layer/changelog.ts'
import { LiveRows } from './live-rows.ts'
import type { BufferedContext, BufferedRecord, JoinBuffer } from './store.ts'
import { presentSerde } from './value-codec.ts'

interface WaitingRecord {
  readonly key: string
  readonly timeMs: number
  readonly row: Uint8Array
}

/** Opens the buffer of a stream–table join with grace. */
export function openJoinBuffer<K, V>(definition: StoreDefinition<K, V>, host: StoreHost): LiveStore<JoinBuffer<K, V>> {
  const buffer = new LiveJoinBuffer<K, V>(definition, host)
  return new LiveRows<JoinBuffer<K, V>>(buffer, buffer)
}

class LiveJoinBuffer<K, V> extends BufferRows<WaitingRecord> implements JoinBuffer<K, V> {
  private readonly keySerde: ReturnType<typeof ownSerde<K>>
  private readonly valueSerde: ReturnType<typeof ownSerde<V>>
  private readonly changelog: ChangelogLayer
  private readonly graceMs: number
  /** Greatest time put, −1 at first. */
  private bufferTimeMs = -1
  private sequence = 0

  constructor(definition: StoreDefinition<K, V>, host: StoreHost) {
    super(definition as unknown as StoreDefinition<never, never>, host)
    this.keySerde = ownSerde(presentSerde(definition.key, definition.name, 'key'), definition.name)
    this.valueSerde = ownSerde(presentSerde(definition.value, definition.name, 'value'), definition.name)
    this.changelog = new ChangelogLayer(host, this.definition, false)
    this.graceMs = definition.retentionMs ?? 0
  }

  get recordCount(): number {
    return this.entries.size
  }

  put(key: K, value: V, context: BufferedContext): boolean {
    this.assertOpen()
    const timeMs = context.timestampMs
    if (this.bufferTimeMs - this.graceMs > timeMs) return false
    const topic = this.host.changelogTopic
    // Also for what a serde refuses, as in Kafka.
    this.sequence = (this.sequence + 1) & 0x7fffffff
    const keyBytes = this.keySerde.serialize(key, topic)
    const newValue = this.valueSerde.serialize(value, topic, context.headers)
    const rowKey = encodeTimeFirstWindowKey(keyBytes, timeMs, this.sequence)
    const stored: StoredRecordContext = { ...context, topic: context.topic ?? '' }
    const row = padded(encodeBufferValue({ context: stored, priorValue: null, oldValue: null, newValue }))
    this.insert({ key: latin1(rowKey), timeMs, row })
    if (timeMs > this.bufferTimeMs) this.bufferTimeMs = timeMs
    this.changelog.logAt(rowKey, row, null, noHeaders)
    return true
  }

  evict(emit: (record: BufferedRecord<K, V>) => void): void {
    this.assertOpen()
    const limitMs = this.bufferTimeMs - this.graceMs
    for (let next = this.entries.first(); next !== undefined && next.timeMs <= limitMs; next = this.entries.first()) {
      emit(this.recordOf(next))
      this.delete(next.key)
      this.changelog.logAt(bytesOf(next.key), null, null, noHeaders)
    }
  }

  flush(): void {}

  restore(records: readonly ChangelogRecord[]): void {
    for (const { key, value } of records) {
      const text = latin1(key)
      if (value === null) {
        this.delete(text)
        continue
      }
      const entry = this.decodeEntry(text, value.slice())
      this.insert(entry)
      this.added(entry)
      this.times.restored(entry.timeMs)
    }
  }

  protected encodeEntry(entry: WaitingRecord): Uint8Array {
    return entry.row
  }

  protected decodeEntry(key: string, row: Uint8Array): WaitingRecord {
    return { key, timeMs: decodePrefixedWindowKey(bytesOf(key)).startMs, row }
  }

  protected added(entry: WaitingRecord): void {
    const { seqnum } = decodePrefixedWindowKey(bytesOf(entry.key))
    if (seqnum > this.sequence) this.sequence = seqnum
    if (entry.timeMs > this.bufferTimeMs) this.bufferTimeMs = entry.timeMs
  }

  protected forget(): void {
    this.bufferTimeMs = -1
    this.sequence = 0
  }

  protected override ownTimeMs(): number {
    return this.bufferTimeMs
  }

  protected override loadedTime(timeMs: number): void {
    this.bufferTimeMs = timeMs
  }

  private recordOf(entry: WaitingRecord): BufferedRecord<K, V> {
    const topic = this.host.changelogTopic
    const { context, newValue } = decodeBufferValue(entry.row)
    const key = this.keySerde.deserialize(decodePrefixedWindowKey(bytesOf(entry.key)).key, topic)
    return { key, value: this.valueSerde.deserialize(newValue as Uint8Array, topic, context.headers), context }
  }
}

function padded(value: Uint8Array): Uint8Array {
  const row = new Uint8Array(value.length + 8)
  row.set(value)
  return row
}
