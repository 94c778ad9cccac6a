/**
 * How far a store has read its input partitions, for interactive queries (KIP-796); stands in a changelog header.
 *
 * Shape: version byte 0 │ topics int32 │ { name length int32 │ name │ pairs int32 │ { partition int32 │ offset int64 } … } …
 */
import { writeLong } from '../long-bytes.ts'
import { wrongFormat } from '../refusal.ts'
import { decodeUtf8, encodeUtf8 } from '../utf8.ts'
import { ByteCursor } from './byte-cursor.ts'
import { writeInt32 } from './int-bytes.ts'

/** Topic → partition → last offset applied. Written in the map's order. */
export type Position = ReadonlyMap<string, ReadonlyMap<number, number>>

export function encodePosition(position: Position): Uint8Array {
  const names = Array.from(position.keys(), encodeUtf8)
  const partitions = [...position.values()]
  let size = 5
  names.forEach((name, i) => (size += 8 + name.length + 12 * (partitions[i] as ReadonlyMap<number, number>).size))
  const bytes = new Uint8Array(size)
  let at = writeInt32(bytes, 1, names.length)
  names.forEach((name, i) => {
    const offsets = partitions[i] as ReadonlyMap<number, number>
    bytes.set(name, writeInt32(bytes, at, name.length))
    at = writeInt32(bytes, at + 4 + name.length, offsets.size)
    for (const [partition, offset] of offsets) {
      writeLong(bytes, writeInt32(bytes, at, partition), offset)
      at += 12
    }
  })
  return bytes
}

/** @throws {MR_SERDE_FORMAT} the bytes are none, or of an unknown version */
export function decodePosition(bytes: Uint8Array): Map<string, Map<number, number>> {
  const cursor = new ByteCursor('position', bytes)
  const version = cursor.int8()
  if (version !== 0) throw wrongFormat('position', `unknown version ${version}`)
  const position = new Map<string, Map<number, number>>()
  const topics = cursor.count(8)
  for (let i = 0; i < topics; i++) {
    const topic = decodeUtf8(cursor.take(cursor.int32()))
    const offsets = new Map<number, number>()
    const pairs = cursor.count(12)
    for (let k = 0; k < pairs; k++) {
      const partition = cursor.int32()
      offsets.set(partition, cursor.long())
    }
    position.set(topic, offsets)
  }
  return position
}
