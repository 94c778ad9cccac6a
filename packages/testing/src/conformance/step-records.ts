/** The records that the steps of a vector pipe, as bytes; the drives send the same ones. */
import { type Headers } from '@millrace/core'
import { encodeUtf8 } from '@millrace/core/internal'
import { fromJson, serde } from './serdes.ts'
import { fromHex } from './text.ts'
import type { Header, Step, Value, Vector } from './vector.ts'

/** A record of a step. */
export interface StepRecord {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** ms since the epoch; vectors for the test driver may have negative ones. */
  readonly timestampMs: number
  readonly headers: Headers
}

/** Serdes of a topic that is piped to or written: those of the vector, text without any. */
export function serdesOfTopic(vector: Vector, topic: string): readonly [key: string, value: string] {
  return vector.topics?.[topic] ?? ['string', 'string']
}

/** Null for steps that pipe nothing. */
export function stepRecord(vector: Vector, step: Step): StepRecord | null {
  if ('pipe' in step) {
    const { topic, key, value, ts, headers } = step.pipe
    const [keySerde, valueSerde] = serdesOfTopic(vector, topic)
    const bytes = (spec: string, json: Value): Uint8Array | null =>
      json === null ? null : serde(spec).serialize(fromJson(spec, json), topic)
    const record = { key: bytes(keySerde, key), value: bytes(valueSerde, value) }
    return { topic, ...record, timestampMs: ts, headers: headersOf(headers) }
  }
  if ('pipeRaw' in step) {
    const { topic, keyHex, valueHex, ts, headers } = step.pipeRaw
    const bytes = (hex: string | null): Uint8Array | null => (hex === null ? null : fromHex(hex))
    return { topic, key: bytes(keyHex), value: bytes(valueHex), timestampMs: ts, headers: headersOf(headers) }
  }
  return null
}

function headersOf(headers: readonly Header[] | undefined): Headers {
  return (headers ?? []).map(([key, value]) => ({ key, value: value === null ? null : encodeUtf8(value) }))
}
