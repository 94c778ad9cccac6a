/**
 * Text that Kafka Streams commits with each offset: partition time and small numbers of processors (KIP-424, KIP-907).
 *
 * Base64 of: 2 │ partition time int64, −1 = unknown │ if any: entries int32 │ { key length int32 │ key │ value int64 } …
 * Version 1 ends behind the partition time.
 */
import { writeLong } from '../long-bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../utf8.ts'
import { ByteCursor } from './byte-cursor.ts'
import { writeInt32 } from './int-bytes.ts'

/** `partitionTimeMs` −1: unknown. `processors`: e.g. the window end a windowed aggregate emitted last. */
export interface CommitMetadata {
  readonly partitionTimeMs: number
  readonly processors: ReadonlyMap<string, number>
}

const unknown: CommitMetadata = { partitionTimeMs: -1, processors: new Map() }
const version = 2
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The text to commit; Kafka's TopicPartitionMetadata.encode. */
export function encodeCommitMetadata(metadata: CommitMetadata): string {
  const keys = Array.from(metadata.processors.keys(), encodeUtf8)
  const values = [...metadata.processors.values()]
  let size = keys.length === 0 ? 9 : 13
  for (const key of keys) size += 12 + key.length
  const bytes = new Uint8Array(size)
  bytes[0] = version
  writeLong(bytes, 1, metadata.partitionTimeMs)
  if (keys.length > 0) {
    let at = writeInt32(bytes, 9, keys.length)
    keys.forEach((key, i) => {
      bytes.set(key, writeInt32(bytes, at, key.length))
      at += 4 + key.length
      writeLong(bytes, at, values[i] as number)
      at += 8
    })
  }
  return toBase64(bytes)
}

/** Reads the text; one that is none of ours says nothing, as in Kafka: anybody may commit any text. */
export function decodeCommitMetadata(text: string): CommitMetadata {
  const bytes = fromBase64(text)
  if (bytes === null || bytes.length < 9 || bytes[0] === undefined || bytes[0] < 1 || bytes[0] > version) return unknown
  try {
    const cursor = new ByteCursor('commitMetadata', bytes, 1)
    const partitionTimeMs = cursor.long()
    const processors = new Map<string, number>()
    const count = bytes[0] === 1 || cursor.remaining === 0 ? 0 : cursor.count(12)
    for (let i = 0; i < count; i++) {
      const key = decodeUtf8(cursor.take(cursor.int32()))
      processors.set(key, cursor.long())
    }
    return { partitionTimeMs, processors }
  } catch {
    return unknown
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const three = ((bytes[i] as number) << 16) | ((bytes[i + 1] as number) << 8) | (bytes[i + 2] as number)
    text += digit(three >> 18) + digit(three >> 12)
    text += (left > 1 ? digit(three >> 6) : '=') + (left > 2 ? digit(three) : '=')
  }
  return text
}

function digit(bits: number): string {
  return digits.charAt(bits & 63)
}

function fromBase64(text: string): Uint8Array | null {
  if (text.length % 4 !== 0) return null
  const plain = text.replace(/={1,2}$/, '')
  const bytes = new Uint8Array(Math.floor((plain.length * 3) / 4))
  let bits = 0
  let at = 0
  for (let i = 0; i < plain.length; i++) {
    const value = digits.indexOf(plain.charAt(i))
    if (value < 0) return null
    bits = ((bits << 6) | value) & 0xff_ffff
    const filled = (i & 3) * 6 + 6
    if (filled > 6) bytes[at++] = bits >> (filled === 12 ? 4 : filled === 18 ? 2 : 0)
  }
  return bytes
}
