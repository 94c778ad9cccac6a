/** Serdes of FORMAT.md, and values of the vectors' JSON to and from values of the serdes. */
import { bytes, int32, int64, type Serde, sessionWindowed, string, timeWindowed } from '@millrace/core'
import { serialization, UnknownSpec } from './java-errors.ts'
import { fromHex, hex, isWindowed, longJson } from './text.ts'
import type { Value } from './vector.ts'

/** A string that refuses to be written when it is `bad`. */
const picky: Serde<string> = {
  name: 'picky',
  serialize(value, topic, headers) {
    if (value === 'bad') throw serialization('bad value')
    return string().serialize(value, topic, headers)
  },
  deserialize: (data, topic, headers) => string().deserialize(data, topic, headers),
}

const plain: Readonly<Record<string, () => Serde<unknown>>> = {
  string: () => string() as Serde<unknown>,
  long: () => int64() as Serde<unknown>,
  int: () => int32() as Serde<unknown>,
  bytes: () => bytes() as Serde<unknown>,
  picky: () => picky as Serde<unknown>,
}

/** @throws UnknownSpec for a name that FORMAT.md does not know */
export function serde(spec: string): Serde<unknown> {
  const [kind = '', inner = '', size = ''] = spec.split(':')
  if (kind === 'time-windowed') return timeWindowed(serde(inner), Number(size)) as Serde<unknown>
  if (kind === 'session-windowed') return sessionWindowed(serde(inner)) as Serde<unknown>
  const make = plain[kind]
  if (make === undefined) throw new UnknownSpec(`serde "${spec}"`)
  return make()
}

/** A key or value of a step as the serde of its topic takes it. */
export function fromJson(spec: string, value: Value): unknown {
  if (value === null) return null
  if (spec === 'bytes') return fromHex(value as string)
  if (typeof value !== 'object') return spec === 'string' || spec === 'picky' ? String(value) : value
  const inner = spec.split(':')[1] ?? 'string'
  return { key: fromJson(inner, value.key), window: { startMs: value.start, endMs: value.end } }
}

/** A value as expectations write it; undefined when there is no such form. */
export function toJson(value: unknown): Value | undefined {
  if (value === null || value === undefined) return null
  if (typeof value === 'string' || typeof value === 'number') return value
  if (value instanceof Uint8Array) return hex(value)
  if (!isWindowed(value)) return undefined
  const key = toJson(value.key)
  if (key === undefined || (typeof key === 'object' && key !== null)) return undefined
  return { key: key as string | number, start: longJson(value.window.startMs), end: longJson(value.window.endMs) }
}
