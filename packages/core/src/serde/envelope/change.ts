/**
 * Value of a table's repartition topic: the new and the old value of a key in one record (Kafka's ChangedSerializer).
 *
 * ```
 * 0: old │ 0        1: new │ 1        2: length of new (varint) │ new │ old │ 2
 * 3, 4, 5: the same with a byte `isLatest` before the last (KIP-904; read, never written, as in Kafka 4.3)
 * ```
 * Readers and writers before 3.5 know 0 and 1 only: while `upgradeFrom` names one, the caller sends two records.
 */
import type { Change } from '../../record/change.ts'
import { change } from '../../record/change.ts'
import { wrongFormat } from '../refusal.ts'
import { ByteCursor } from './byte-cursor.ts'
import { varintSize, writeVarint } from './int-bytes.ts'

const name = 'change'

/** Bytes of a change of which not both values are null. `isLatest` is not written. @throws {MR_SERDE_FORMAT} both null */
export function encodeChange(newValue: Uint8Array | null, oldValue: Uint8Array | null): Uint8Array {
  if (newValue !== null && oldValue !== null) return encodeBoth(newValue, oldValue)
  const only = newValue ?? oldValue
  if (only === null) throw wrongFormat(name, 'both values are null')
  const bytes = new Uint8Array(only.length + 1)
  bytes.set(only)
  bytes[only.length] = newValue === null ? 0 : 1
  return bytes
}

/** Reads a change; its values are views. @throws {MR_SERDE_FORMAT} the bytes are none */
export function decodeChange(bytes: Uint8Array): Change<Uint8Array> {
  const flag = bytes[bytes.length - 1]
  if (flag === undefined || flag > 5) throw wrongFormat(name, `unknown flag ${flag}`)
  const form = flag % 3
  const end = bytes.length - (flag < 3 ? 1 : 2)
  if (end < 0) throw wrongFormat(name, 'the isLatest byte is missing')
  const isLatest = flag < 3 || bytes[end] === 1
  const body = bytes.subarray(0, end)
  if (form === 0) return change<Uint8Array>(null, body, isLatest)
  if (form === 1) return change<Uint8Array>(body, null, isLatest)
  const cursor = new ByteCursor(name, body)
  const newValue = cursor.take(cursor.varint())
  return change(newValue, cursor.rest(), isLatest)
}

function encodeBoth(newValue: Uint8Array, oldValue: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(varintSize(newValue.length) + newValue.length + oldValue.length + 1)
  const at = writeVarint(bytes, 0, newValue.length)
  bytes.set(newValue, at)
  bytes.set(oldValue, at + newValue.length)
  bytes[bytes.length - 1] = 2
  return bytes
}
