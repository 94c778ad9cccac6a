/**
 * Windowed keys as Kafka writes them to topics.
 *
 * ```
 * time window:  key │ start      (8 bytes; the end is start + size, which the reader must know)
 * session:      key │ end │ start
 * ```
 */
import { TopologyError } from '../errors.ts'
import type { Windowed } from '../record/windowed.ts'
import { readLong, writeLong } from './long-bytes.ts'
import { wrongFormat, wrongType } from './refusal.ts'
import type { Serde } from './serde.ts'
import { requireArgument } from '../known-options.ts'
import { type Duration, durationMs } from '../time/duration.ts'

/**
 * A time window's key; Kafka's TimeWindowedSerde.
 *
 * @param size of the windows, as in `tumbling('5m')`: bytes hold the start only. `Infinity` for `unlimited()`.
 * @throws {MR_CONFIG_DURATION} (ConfigError) no duration
 * @throws {MR_WINDOW_SIZE_RANGE} (TopologyError) below 0, or no whole milliseconds
 */
export function timeWindowed<K>(inner: Serde<K>, size: Duration): Serde<Windowed<K>> {
  const where = 'timeWindowed'
  requireArgument(typeof inner?.serialize === 'function', inner, { where, accepted: 'the serde of the keys' })
  const sizeMs = size === Number.POSITIVE_INFINITY ? size : lengthOf(size, where)
  const name = `timeWindowed(${inner.name})`
  const keys = keysOf(inner)
  return {
    name,
    windowSuffix: 8,
    serialize(value, topic, headers) {
      const key = keys.serialize(checked(name, value).key, topic, headers)
      const bytes = new Uint8Array(key.length + 8)
      bytes.set(key)
      writeLong(bytes, key.length, value.window.startMs)
      return bytes
    },
    deserialize(bytes, topic, headers) {
      const length = keyLength(name, bytes, 8)
      const startMs = readLong(bytes, length)
      const key = keys.deserialize(bytes.subarray(0, length), topic, headers)
      return { key, window: { startMs, endMs: startMs + sizeMs } }
    },
  }
}

/** A session's key; Kafka's SessionWindowedSerde. */
export function sessionWindowed<K>(inner: Serde<K>): Serde<Windowed<K>> {
  const where = 'sessionWindowed'
  requireArgument(typeof inner?.serialize === 'function', inner, { where, accepted: 'the serde of the keys' })
  const name = `sessionWindowed(${inner.name})`
  const keys = keysOf(inner)
  return {
    name,
    windowSuffix: 16,
    serialize(value, topic, headers) {
      const key = keys.serialize(checked(name, value).key, topic, headers)
      const bytes = new Uint8Array(key.length + 16)
      bytes.set(key)
      writeLong(bytes, key.length, value.window.endMs)
      writeLong(bytes, key.length + 8, value.window.startMs)
      return bytes
    },
    deserialize(bytes, topic, headers) {
      const length = keyLength(name, bytes, 16)
      const endMs = readLong(bytes, length)
      const startMs = readLong(bytes, length + 8)
      const key = keys.deserialize(bytes.subarray(0, length), topic, headers)
      return { key, window: { startMs, endMs } }
    },
  }
}

function lengthOf(size: Duration, window: string): number {
  const ms = durationMs(size, `${window}.size`)
  if (Number.isSafeInteger(ms) && ms >= 0) return ms
  const accepted = `0 to ${Number.MAX_SAFE_INTEGER} whole milliseconds`
  throw new TopologyError('MR_WINDOW_SIZE_RANGE', { window, option: 'size', value: `${ms} ms`, accepted })
}

function keysOf<K>(inner: Serde<K>): Serde<K> {
  return inner.forKeys === undefined ? inner : inner.forKeys()
}

function checked<K>(serde: string, value: Windowed<K>): Windowed<K> {
  if (typeof value !== 'object' || value === null || typeof value.window !== 'object')
    throw wrongType(serde, 'a windowed key { key, window }', value)
  return value
}

function keyLength(serde: string, bytes: Uint8Array, windowLength: number): number {
  if (bytes.length < windowLength)
    throw wrongFormat(serde, `a windowed key has at least ${windowLength} bytes, got ${bytes.length}`)
  return bytes.length - windowLength
}
