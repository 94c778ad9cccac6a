import { FatalError, RecordError, type StreamsError } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { errorCode, type ErrorName } from '../codec/error-code.ts'
import type { ProducerBatch } from './producer-batch.ts'
import { judge, refusal } from './produce-verdict.ts'

const plain = { isHead: true, isTransactional: false, recordCount: 5 }
const transactional = { ...plain, isTransactional: true }

describe('the verdict on a produced batch', () => {
  it.each([
    ['NONE', plain, 'acked'],
    ['DUPLICATE_SEQUENCE_NUMBER', plain, 'acked'],
    ['NOT_LEADER_OR_FOLLOWER', plain, 'retry'],
    ['NOT_ENOUGH_REPLICAS', transactional, 'retry'],
    ['MESSAGE_TOO_LARGE', plain, 'split'],
    ['MESSAGE_TOO_LARGE', { ...plain, recordCount: 1 }, 'refuse'],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', { ...plain, isHead: false }, 'retry'],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', plain, 'restart'],
    ['OUT_OF_ORDER_SEQUENCE_NUMBER', transactional, 'abort'],
    ['UNKNOWN_PRODUCER_ID', plain, 'restart'],
    ['INVALID_PRODUCER_EPOCH', plain, 'restart'],
    ['INVALID_PRODUCER_EPOCH', transactional, 'fenced'],
    ['PRODUCER_FENCED', transactional, 'fenced'],
    ['CONCURRENT_TRANSACTIONS', transactional, 'wait'],
    ['INVALID_TXN_STATE', transactional, 'abort'],
    ['TRANSACTION_ABORTABLE', transactional, 'abort'],
    ['TOPIC_AUTHORIZATION_FAILED', plain, 'refuse'],
    ['INVALID_RECORD', plain, 'refuse'],
  ] as const)('%s with %o is %s', (name, context, verdict) => {
    expect(judge(errorCode[name], context)).toBe(verdict)
  })

  it('blames the records only for what records can be blamed for', () => {
    const batch = { topic: 't', partition: 0, recordCount: 1, bytes: new Uint8Array(9) } as ProducerBatch
    const of = (name: ErrorName): StreamsError => refusal(errorCode[name], batch, 'why')
    expect(of('MESSAGE_TOO_LARGE')).toBeInstanceOf(RecordError)
    expect(of('MESSAGE_TOO_LARGE').message).toMatch(
      /9 bytes, more than the topic accepts.*max\.message\.bytes of the topic/,
    )
    expect(of('INVALID_RECORD')).toBeInstanceOf(RecordError)
    expect(of('TOPIC_AUTHORIZATION_FAILED')).toBeInstanceOf(FatalError)
    expect(of('INVALID_TOPIC_EXCEPTION')).toBeInstanceOf(FatalError)
    expect(of('INVALID_RECORD').message).toContain('why')
  })
})
