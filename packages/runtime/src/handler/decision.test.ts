import { noHeaders } from '@millrace/core'
import { silentLogger } from '@millrace/core/port'
import { describe, expect, it } from 'vitest'
import { decide, type HandlerSurroundings } from './decision.ts'
import { deserializationFailed } from './deserialization.ts'
import type { ErrorContext, RecordHandlers } from './handlers.ts'
import { productionFailed, serializationFailed } from './production.ts'

const context: ErrorContext = {
  taskId: '0_1',
  node: 'source',
  topic: 'in',
  partition: 1,
  offset: 7,
  timestampMs: 5,
  headers: noHeaders,
  sourceKey: Uint8Array.of(1),
  sourceValue: null,
}
const refused = new RangeError('no')

function surroundings(deadLetterTopic: string | null): HandlerSurroundings & { readonly sent: unknown[][] } {
  const sent: unknown[][] = []
  const send = (...parts: unknown[]): void => void sent.push(parts)
  return { collector: { send }, logger: silentLogger, deadLetterTopic, sent }
}

describe('a record handler', () => {
  it('that is a word writes a dead letter whenever a topic is set, also when it fails', () => {
    for (const handler of ['fail', 'continue', 'dead-letter'] as const) {
      const around = surroundings('dead')
      const failure = { option: 'onProcessingError', error: refused, context, handler } as const
      expect(decide(failure, around)).toBe(handler)
      expect(around.sent.map(([topic, partition, key, value, time]) => [topic, partition, key, value, time])).toEqual([
        ['dead', null, Uint8Array.of(1), null, 5],
      ])
    }
  })

  it('that is a function writes one only when it says so', () => {
    const around = surroundings('dead')
    const ask = (answer: 'continue' | 'dead-letter'): unknown =>
      decide({ option: 'onProcessingError', error: refused, context, handler: () => answer }, around)
    ask('continue')
    expect(around.sent).toHaveLength(0)
    ask('dead-letter')
    expect(around.sent).toHaveLength(1)
  })

  it('that wants a dead letter without a topic is an error, not a lost record', () => {
    const failure = { option: 'onProcessingError', error: refused, context, handler: 'dead-letter' } as const
    expect(() => decide(failure, surroundings(null))).toThrowError(
      expect.objectContaining({ code: 'MR_RECORD_HANDLER' }),
    )
  })

  it('that throws is an error with its reason', () => {
    const handler = (): never => {
      throw new TypeError('broken handler')
    }
    const failure = { option: 'onProcessingError', error: refused, context, handler } as const
    expect(() => decide(failure, surroundings(null))).toThrowError('broken handler')
  })
})

describe('the deserialization handler', () => {
  it('fails with position and cause, or lets the record go', () => {
    const asked = (onDeserializationError: RecordHandlers['onDeserializationError']) => () =>
      deserializationFailed({ ...surroundings(null), handlers: { onDeserializationError } }, refused, context)
    expect(asked('fail')).toThrowError(expect.objectContaining({ code: 'MR_RECORD_DESERIALIZE', cause: refused }))
    expect(asked('continue')).not.toThrow()
    expect(asked((error) => (error === refused ? 'continue' : 'fail'))).not.toThrow()
  })
})

describe('the production handler', () => {
  const failure = { topic: 'out', origin: 'value', key: null, value: null, retriable: false } as const

  it('decides about what a serde refuses; retry is no answer to that', () => {
    const asked = (onProductionError: RecordHandlers['onProductionError']) => () =>
      serializationFailed({ ...surroundings(null), handlers: { onProductionError } }, refused, context, failure)
    expect(asked('continue')).not.toThrow()
    for (const word of ['fail', 'retry'] as const) {
      expect(asked(word)).toThrowError(expect.objectContaining({ code: 'MR_RECORD_SERIALIZE' }))
    }
  })

  it('decides about what the cluster refuses; retry counts only for what may succeed', () => {
    const asked = (onProductionError: RecordHandlers['onProductionError'], retriable: boolean): unknown =>
      productionFailed({ ...surroundings(null), handlers: { onProductionError } }, refused, context, {
        ...failure,
        origin: 'send',
        retriable,
      })
    expect(asked('continue', false)).toBe('continue')
    expect(asked('retry', true)).toBe('retry')
    expect(() => asked('retry', false)).toThrowError(expect.objectContaining({ code: 'MR_RECORD_PRODUCE' }))
  })
})
