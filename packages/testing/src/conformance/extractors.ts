/** Timestamp extractors, topic names and partitioners of FORMAT.md. */
import type { ConsumedRecord, Headers, RecordContext, TimestampExtractor } from '@millrace/core'
import { decodeUtf8 } from '@millrace/core/internal'
import { expression, toNumber } from './expression.ts'
import { UnknownSpec } from './java-errors.ts'
import { text } from './text.ts'

export function timestampExtractor(spec: string): TimestampExtractor {
  switch (spec) {
    case 'fail':
    case 'log-and-skip':
      return spec
    case 'partition-time':
      return 'use-partition-time'
    case 'wallclock':
      return 'wall-clock'
    case 'value-at':
      return (record) => timeInValue(record) ?? record.timestampMs
    case 'value-at-or-partition-time':
      return (record, partitionTimeMs) => timeInValue(record) ?? partitionTimeMs
    default:
      throw new UnknownSpec(`timestamp extractor "${spec}"`)
  }
}

function timeInValue(record: ConsumedRecord): number | undefined {
  const { value } = record
  if (typeof value !== 'string' || !value.includes('@')) return undefined
  return toNumber(value.slice(value.indexOf('@') + 1))
}

/** The topic of a record; a null goes to the sink as it is. */
export function topicNameExtractor(spec: string): (value: unknown, key: unknown, context: RecordContext) => string {
  if (spec === 'context-topic') return (_value, _key, context) => `${context.topic}-out`
  if (spec === 'context-header') return (_value, _key, context) => lastHeader(context.headers, 'to')
  const chosen = expression(spec)
  return (value, key) => {
    const name = chosen(key, value)
    return (name === null ? null : text(name)) as string
  }
}

function lastHeader(headers: Headers, key: string): string {
  const value = headers.findLast((header) => header.key === key)?.value
  return decodeUtf8(value as Uint8Array)
}

export type PartitionerFunction = () => readonly number[] | undefined

export function partitioner(spec: string): PartitionerFunction {
  switch (spec) {
    case 'default':
      return () => undefined
    case 'zero':
      return () => [0]
    case 'none':
      return () => []
    default:
      throw new UnknownSpec(`partitioner "${spec}"`)
  }
}
