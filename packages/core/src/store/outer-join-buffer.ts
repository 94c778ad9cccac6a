/**
 * The buffer that both sides of a left or outer stream–stream join share: records that have met nobody yet.
 *
 * A place is (time, side, key), ordered by Kafka's changelog key `time 8 ‖ side 1 ‖ key` (right = 0 before left = 1), and
 * holds a list of values. Every change sends the whole list to the changelog: `01 ‖ count 4 ‖ (length 4 ‖ side 1 ‖ value)…`.
 */
import { noHeaders } from '../record/headers.ts'
import { readInt32, writeInt32 } from '../serde/envelope/int-bytes.ts'
import { decodeJoinBufferKey, encodeJoinBufferKey, encodeJoinBufferValue } from '../serde/envelope/join-buffer.ts'
import type { Serde } from '../serde/serde.ts'
import { BufferRows } from './buffer-rows.ts'
import type { StoreDefinition } from './definition.ts'
import type { ChangelogRecord, LiveStore, StoreHost } from './host.ts'
import { bytesOf, latin1 } from './key-bytes.ts'
import { ChangelogLayer } from './layer/changelog.ts'
import { LiveRows } from './live-rows.ts'
import type { JoinSide, OuterJoinBuffer, UnmatchedRecord } from './store.ts'
import { presentSerde } from './value-codec.ts'

interface UnmatchedList {
  readonly key: string
  /** Each with its side byte. */
  values: readonly Uint8Array[]
}

/** Opens the shared buffer of a left or outer stream–stream join. */
export function openOuterJoinBuffer<K, V>(
  definition: StoreDefinition<K, V>,
  host: StoreHost,
): LiveStore<OuterJoinBuffer<K, V, unknown>> {
  const buffer = new LiveOuterJoinBuffer<K, V, unknown>(definition, host)
  return new LiveRows<OuterJoinBuffer<K, V, unknown>>(buffer, buffer)
}

class LiveOuterJoinBuffer<K, VLeft, VRight>
  extends BufferRows<UnmatchedList>
  implements OuterJoinBuffer<K, VLeft, VRight>
{
  private readonly keySerde: Serde<K>
  private readonly leftSerde: Serde<VLeft>
  private readonly rightSerde: Serde<VRight>
  private readonly changelog: ChangelogLayer

  constructor(definition: StoreDefinition<K, VLeft>, host: StoreHost) {
    super(definition as unknown as StoreDefinition<never, never>, host)
    this.keySerde = presentSerde(definition.key, definition.name, 'key')
    this.leftSerde = presentSerde(definition.value, definition.name, 'value')
    this.rightSerde = presentSerde(
      (definition.otherValue ?? null) as Serde<VRight> | null,
      definition.name,
      'otherValue',
    )
    this.changelog = new ChangelogLayer(host, this.definition, false)
  }

  get isEmpty(): boolean {
    return this.entries.size === 0
  }

  add(side: JoinSide, key: K, timestampMs: number, value: VLeft | VRight): void {
    this.assertOpen()
    const isLeft = side === 'left'
    const topic = this.host.changelogTopic
    const bytes = isLeft
      ? this.leftSerde.serialize(value as VLeft, topic)
      : this.rightSerde.serialize(value as VRight, topic)
    const place = this.place(side, key, timestampMs)
    const text = latin1(place)
    const values = [...(this.entries.get(text)?.values ?? []), encodeJoinBufferValue(bytes, isLeft)]
    this.insert({ key: text, values })
    if (this.changelog.isOn) this.changelog.log(place, encodeList(values), -1, noHeaders)
  }

  removeIfPresent(side: JoinSide, key: K, timestampMs: number): boolean {
    this.assertOpen()
    const place = this.place(side, key, timestampMs)
    const isThere = this.entries.get(latin1(place)) !== undefined
    if (isThere) this.removePlace(place)
    return isThere
  }

  remove(side: JoinSide, key: K, timestampMs: number): void {
    this.assertOpen()
    this.removePlace(this.place(side, key, timestampMs))
  }

  *all(): Generator<UnmatchedRecord<K, VLeft, VRight>> {
    this.assertOpen()
    const topic = this.host.changelogTopic
    for (let list = this.entries.first(); list !== undefined; list = this.entries.firstFrom(list.key, true)) {
      const { key: keyBytes, timestampMs, isLeft } = decodeJoinBufferKey(bytesOf(list.key))
      const key = this.keySerde.deserialize(keyBytes, topic)
      const side: JoinSide = isLeft ? 'left' : 'right'
      const serde: Serde<VLeft | VRight> = (isLeft ? this.leftSerde : this.rightSerde) as Serde<VLeft | VRight>
      for (const value of list.values) {
        yield { side, key, timestampMs, value: serde.deserialize(value.subarray(1), topic) }
      }
    }
  }

  flush(): void {}

  restore(records: readonly ChangelogRecord[]): void {
    for (const { key, value, timestampMs } of records) {
      this.times.restored(timestampMs)
      const text = latin1(key)
      if (value === null) this.delete(text)
      else this.insert(this.decodeEntry(text, value.slice()))
    }
  }

  protected encodeEntry(entry: UnmatchedList): Uint8Array {
    return encodeList(entry.values)
  }

  protected decodeEntry(key: string, row: Uint8Array): UnmatchedList {
    return { key, values: decodeList(row) }
  }

  protected added(): void {}

  protected forget(): void {}

  private place(side: JoinSide, key: K, timestampMs: number): Uint8Array {
    return encodeJoinBufferKey(this.keySerde.serialize(key, this.host.changelogTopic), timestampMs, side === 'left')
  }

  private removePlace(place: Uint8Array): void {
    this.delete(latin1(place))
    this.changelog.log(place, null, -1, noHeaders)
  }
}

/** Kafka's ListSerializer for values of any length. */
function encodeList(values: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((size, value) => size + 4 + value.length, 5))
  bytes[0] = 1
  let at = writeInt32(bytes, 1, values.length)
  for (const value of values) {
    at = writeInt32(bytes, at, value.length)
    bytes.set(value, at)
    at += value.length
  }
  return bytes
}

function decodeList(bytes: Uint8Array): Uint8Array[] {
  const count = readInt32(bytes, 1)
  const values: Uint8Array[] = []
  let at = 5
  for (let i = 0; i < count; i++) {
    const end = at + 4 + readInt32(bytes, at)
    values.push(bytes.subarray(at + 4, end))
    at = end
  }
  return values
}
