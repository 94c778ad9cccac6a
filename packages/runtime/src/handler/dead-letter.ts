/**
 * Dead letter records as Kafka's built-in handlers write them (KIP-1034): the source record's raw key and value, the
 * headers of the record that failed, and six more that say what happened. Redriving one is writing key, value and the
 * first headers back to the topic that `__streams.errors.topic` names.
 */
import type { Header, Headers } from '@millrace/core'
import { StreamsError } from '@millrace/core'
import { encodeUtf8 } from '@millrace/core/internal'
import type { ErrorContext } from './handlers.ts'

/** What writes to a topic; the record collector of a task. */
export interface DeadLetterSink {
  send(
    topic: string,
    partition: number | null,
    key: Uint8Array | null,
    value: Uint8Array | null,
    timestampMs: number | null,
    headers: Headers,
  ): void
}

/** Name of an error for people and tools: the code of Millrace's own errors, else the class name. */
export function errorName(error: unknown): string {
  if (error instanceof StreamsError) return error.code
  return error instanceof Error ? error.name : typeof error
}

/** What is thrown, as an error; anything else than an Error is wrapped. */
export function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown), { cause: thrown })
}

/** Writes one dead letter record with the timestamp of the record that failed. */
export function sendDeadLetter(sink: DeadLetterSink, topic: string, error: Error, context: ErrorContext): void {
  const headers: Header[] = [
    ...context.headers,
    text('__streams.errors.exception', errorName(error)),
    text('__streams.errors.message', error.message),
    text('__streams.errors.stacktrace', error.stack ?? ''),
    text('__streams.errors.topic', context.topic),
    text('__streams.errors.partition', String(context.partition)),
    text('__streams.errors.offset', String(context.offset)),
  ]
  sink.send(topic, null, context.sourceKey, context.sourceValue, context.timestampMs, headers)
}

function text(key: string, value: string | null): Header {
  return { key, value: value === null ? null : encodeUtf8(value) }
}
