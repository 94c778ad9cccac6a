import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromProperties } from './from-properties.ts'
import { optionTable } from './option-table.ts'
import { resolveOptions, type RuntimeOptions } from './options.ts'

const resolve = (options: object): unknown => resolveOptions({ applicationId: 'app', ...options } as RuntimeOptions)
const failure = (run: () => unknown): { code: string; message: string; name: string } => {
  try {
    run()
  } catch (error) {
    return error as { code: string; message: string; name: string }
  }
  throw new Error('expected an error')
}

describe('options', () => {
  it("have Kafka's defaults", () => {
    expect(resolve({})).toMatchObject({
      processingGuarantee: 'at-least-once',
      commitIntervalMs: 30_000,
      workers: 1,
      bufferedRecordsPerPartition: 1_000,
      maxTaskIdleMs: 0,
      pollMs: 100,
      autoOffsetReset: 'earliest',
      lingerMs: 100,
      statestoreCacheMaxBytes: 10_485_760,
      numStandbyReplicas: 0,
      acceptableRecoveryLag: 10_000,
      replicationFactor: -1,
      onUncaughtError: 'shut-down',
    })
  })

  it('commit every 100 ms under exactly-once unless told otherwise', () => {
    expect(resolve({ processingGuarantee: 'exactly-once' })).toMatchObject({ commitIntervalMs: 100 })
    expect(resolve({ processingGuarantee: 'exactly-once', commitInterval: '2s' })).toMatchObject({
      commitIntervalMs: 2_000,
    })
  })

  it('take durations as milliseconds or as texts', () => {
    expect(resolve({ commitInterval: '5s', linger: 7, maxTaskIdle: -1 })).toMatchObject({
      commitIntervalMs: 5_000,
      lingerMs: 7,
      maxTaskIdleMs: -1,
    })
  })

  it.each([
    [{ comitInterval: '5s' }, 'MR_CONFIG_UNKNOWN', 'did you mean "commitInterval"'],
    [{ wrokers: 2 }, 'MR_CONFIG_UNKNOWN', 'did you mean "workers"'],
    [{ colour: 'red' }, 'MR_CONFIG_UNKNOWN', 'see StreamsOptions'],
    [{ commitInterval: '5 minutes' }, 'MR_CONFIG_DURATION', '5 minutes'],
    [{ commitInterval: -1 }, 'MR_CONFIG_INVALID', 'of at least 0'],
    [{ maxTaskIdle: -2 }, 'MR_CONFIG_INVALID', 'of at least -1'],
    [{ workers: 0 }, 'MR_CONFIG_INVALID', 'from 1 to 1000'],
    [{ workers: '2' }, 'MR_CONFIG_INVALID', '"2"'],
    [{ statestoreCacheMaxBytes: 1.5 }, 'MR_CONFIG_INVALID', 'whole number'],
    [{ autoOffsetReset: 'newest' }, 'MR_CONFIG_INVALID', "'earliest' or 'latest'"],
    [{ applicationServer: 'localhost' }, 'MR_CONFIG_INVALID', 'host:port'],
    [{ applicationId: 'my app' }, 'MR_CONFIG_INVALID', 'letters, digits'],
    [{ onProcessingError: 'retry' }, 'MR_CONFIG_INVALID', "'fail', 'continue', 'dead-letter' or a function"],
    [{ heartbeatInterval: '1m' }, 'MR_CONFIG_CONFLICT', 'heartbeatInterval, sessionTimeout'],
    [{ processingGuarantee: 'exactly-once', commitInterval: '1m' }, 'MR_CONFIG_CONFLICT', 'transactionTimeout'],
    [{ deliveryTimeout: 1_000 }, 'MR_CONFIG_CONFLICT', 'linger'],
    [{ fetchMaxWait: '1m' }, 'MR_CONFIG_CONFLICT', 'requestTimeout'],
  ])('are refused at construction when wrong: %j', (options, code, text) => {
    const error = failure(() => resolve(options))
    expect(error).toMatchObject({ code, name: 'ConfigError' })
    expect(error.message).toContain(text)
  })

  it('need an application id', () => {
    expect(failure(() => resolveOptions({} as RuntimeOptions))).toMatchObject({ code: 'MR_CONFIG_MISSING' })
  })

  it('refuse application ids that are no name of a topic, as they are names of topics and of a folder', () => {
    for (const applicationId of ['.', '..', '../x', 'a/b', 'a\\b', '', 'a b', 'x'.repeat(201), 'a\0']) {
      expect(failure(() => resolve({ applicationId })).code, applicationId).toBe('MR_CONFIG_INVALID')
    }
    for (const applicationId of ['...', 'a..b', '.a', '-', 'x'.repeat(200)]) resolve({ applicationId })
  })

  it('are described for users with the words of the table', () => {
    const source = readFileSync(new URL('./options.ts', import.meta.url), 'utf8')
    const described = new Map(
      [...source.matchAll(/\/\*\* (.+?) \*\/\n {2}readonly (\w+)\??:/g)].map((m) => [m[2] ?? '', m[1] ?? '']),
    )
    for (const [option, spec] of Object.entries(optionTable))
      expect([option, described.get(option)]).toEqual([option, spec.text])
  })
})

describe('fromProperties', () => {
  it("takes Kafka's names and texts", () => {
    expect(
      fromProperties({
        'application.id': 'counter',
        'bootstrap.servers': 'a:9092, b:9092',
        'commit.interval.ms': '100',
        'processing.guarantee': 'exactly_once_v2',
        'num.stream.threads': 4,
        'consumer.session.timeout.ms': 10_000,
        'producer.linger.ms': '5',
        'topic.min.insync.replicas': 2,
        'processing.exception.handler.global.enabled': 'true',
      }),
    ).toEqual({
      applicationId: 'counter',
      kafka: { brokers: ['a:9092', 'b:9092'] },
      commitInterval: 100,
      processingGuarantee: 'exactly-once',
      workers: 4,
      sessionTimeout: 10_000,
      linger: 5,
      topicConfig: { 'min.insync.replicas': '2' },
      processingExceptionHandlerGlobalEnabled: true,
    })
  })

  it.each([
    ['commit.intervall.ms', 1, 'MR_CONFIG_UNKNOWN', 'did you mean "commit.interval.ms"'],
    ['rocksdb.config.setter', 'x', 'MR_CONFIG_PROPERTY', 'LevelDB'],
    ['sasl.jaas.config', 'x', 'MR_CONFIG_PROPERTY', 'kafka.sasl'],
    ['producer.acks', '1', 'MR_CONFIG_PROPERTY', 'in-sync'],
    ['commit.interval.ms', 'soon', 'MR_CONFIG_INVALID', 'whole number'],
    ['processing.guarantee', 'exactly_once', 'MR_CONFIG_INVALID', 'exactly_once_v2'],
  ])('refuses %s = %s', (property, value, code, text) => {
    const error = failure(() => fromProperties({ [property]: value }))
    expect(error.code).toBe(code)
    expect(error.message).toContain(text)
  })
})
