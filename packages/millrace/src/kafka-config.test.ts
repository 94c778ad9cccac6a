import { string, StreamsBuilder, topic } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { KafkaClient } from './client/kafka-client.ts'
import type { StreamsOptions } from './options.ts'
import { StreamsApp } from './streams-app.ts'

const brokers = ['127.0.0.1:1']

describe('what goes to kafkajs', () => {
  it.each([
    [{ brokers, ssll: true }, 'MR_CONFIG_UNKNOWN', 'did you mean "kafka.ssl"'],
    [{ brokers, ssl: 'true' }, 'MR_CONFIG_INVALID', 'kafka.ssl'],
    [{ brokers, sasl: { mechanism: 'plian', username: 'x', password: 'y' } }, 'MR_CONFIG_INVALID', "'plain'"],
    [{ brokers, sasl: { mechanism: 'plain', usernam: 'x' } }, 'MR_CONFIG_MISSING', 'kafka.sasl.username'],
  ])('is refused at construction when it would be ignored: %o', (kafka, code, told) => {
    const refused = expect.objectContaining({ code, message: expect.stringContaining(told) as string })
    expect(() => new KafkaClient(kafka as never)).toThrow(refused)
    const builder = new StreamsBuilder()
    builder.stream(topic('in', { key: string(), value: string() })).to(topic('out', { key: string(), value: string() }))
    const options = { applicationId: 'app', kafka } as unknown as StreamsOptions
    expect(() => new StreamsApp(builder.build(), options)).toThrow(refused)
  })

  it('must be stores with their methods, where stores are given', () => {
    const builder = new StreamsBuilder()
    builder.stream(topic('in', { key: string(), value: string() })).to(topic('out', { key: string(), value: string() }))
    const options = { applicationId: 'app', kafka: { brokers }, stores: {} } as unknown as StreamsOptions
    expect(() => new StreamsApp(builder.build(), options)).toThrow(/stores.*open, destroy, list, close/)
  })
})
