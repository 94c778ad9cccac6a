import { describe, expect, it } from 'vitest'
import { fromProperties } from './from-properties.ts'
import { type RuntimeOptions, resolveOptions } from './options.ts'

const resolve = (options: object): unknown =>
  resolveOptions({ applicationId: 'app', ...options } as unknown as RuntimeOptions)

describe('values of options', () => {
  it.each([
    [{ logger: {} }, 'MR_CONFIG_INVALID', 'debug, info, warn, error are missing'],
    [{ logger: console.log }, 'MR_CONFIG_INVALID', 'logger'],
    [{ defaultKeySerde: {} }, 'MR_CONFIG_INVALID', 'serialize, deserialize are missing'],
    [{ defaultValueSerde: { serialize: () => 0 } }, 'MR_CONFIG_INVALID', 'deserialize is missing'],
    [{ topicConfig: 5 }, 'MR_CONFIG_INVALID', 'min.insync.replicas'],
    [{ topicConfig: { 'min.insync.replica': '2' } }, 'MR_CONFIG_UNKNOWN', 'topicConfig.min.insync.replicas'],
    [{ topicConfig: { 'retention.ms': 5 } }, 'MR_CONFIG_INVALID', "a text such as '5'"],
    [{ internalConfig: { nonsense: 1 } }, 'MR_CONFIG_UNKNOWN', 'internalConfig.nonsense'],
    [{ autoOffsetReset: 'lates' }, 'MR_CONFIG_INVALID', "give 'latest'"],
    [{ processingGuarantee: 'exactly_once' }, 'MR_CONFIG_INVALID', "give 'exactly-once'"],
    [{ onDeserializationError: 'dead-letter' }, 'MR_CONFIG_CONFLICT', 'errorsDeadLetterQueueTopicName'],
  ])('refuses %o, and says what to give', (options, code, told) => {
    expect(() => resolve(options)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(told) as string }),
    )
  })

  it('takes what the brokers may know and we do not', () => {
    expect(resolve({ topicConfig: { 'vendor.tier': 'cold', 'min.insync.replicas': '2' } })).toMatchObject({
      topicConfig: { 'vendor.tier': 'cold' },
    })
  })
})

describe('properties of clients', () => {
  const warned: unknown[] = []
  const logger = { warn: (_: string, fields?: object) => void warned.push(fields) }

  it.each([
    [['consumer.request.timeout.ms', 'producer.request.timeout.ms', 'request.timeout.ms']],
    [['request.timeout.ms', 'producer.request.timeout.ms', 'consumer.request.timeout.ms']],
  ])('win over the plain ones in whatever order: %o', (order) => {
    const values: Readonly<Record<string, number>> = {
      'consumer.request.timeout.ms': 7_000,
      'producer.request.timeout.ms': 8_000,
      'request.timeout.ms': 5_000,
    }
    const properties = Object.fromEntries(order.map((name) => [name, values[name] as number]))
    expect(fromProperties(properties, logger)).toEqual({ requestTimeout: 7_000 })
    expect(fromProperties({ 'main.consumer.fetch.min.bytes': 3, 'consumer.fetch.min.bytes': 4 }, logger)).toEqual({
      fetchMinBytes: 3,
    })
  })

  it('count for their own client only', () => {
    warned.length = 0
    const options = fromProperties({ 'session.timeout.ms': 7_000, 'producer.session.timeout.ms': 8_000 }, logger)
    expect(options).toEqual({ sessionTimeout: 7_000 })
    expect(fromProperties({ 'consumer.linger.ms': 5 }, logger)).toEqual({})
    expect(warned).toEqual([{ property: 'producer.session.timeout.ms' }, { property: 'consumer.linger.ms' }])
  })
})
