import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { fromProperties, refusedProperties } from './from-properties.ts'
import { optionTable } from './option-table.ts'

const page = readFileSync(new URL('../../../docs/guide/configuration.md', import.meta.url), 'utf8')

/** Keys of Kafka Streams 4.3's `StreamsConfig`, without those of its clients. */
const streamsConfig = `acceptable.recovery.lag allow.os.group.write.access application.id application.server
  bootstrap.servers buffered.records.per.partition built.in.metrics.version cache.max.bytes.buffering client.id
  commit.interval.ms default.client.supplier default.deserialization.exception.handler default.dsl.store
  default.key.serde default.production.exception.handler default.timestamp.extractor default.value.serde
  deserialization.exception.handler dsl.store.format dsl.store.suppliers.class enable.metrics.push
  ensure.explicit.internal.resource.naming errors.dead.letter.queue.topic.name group.protocol
  log.summary.interval.ms max.task.idle.ms max.warmup.replicas metadata.max.age.ms metric.reporters
  metrics.num.samples metrics.recording.level metrics.sample.window.ms num.standby.replicas num.stream.threads poll.ms
  probing.rebalance.interval.ms processing.exception.handler processing.exception.handler.global.enabled
  processing.guarantee processor.wrapper.class production.exception.handler rack.aware.assignment.non_overlap_cost
  rack.aware.assignment.strategy rack.aware.assignment.tags rack.aware.assignment.traffic_cost
  receive.buffer.bytes reconnect.backoff.ms reconnect.backoff.max.ms repartition.purge.interval.ms replication.factor
  request.timeout.ms retry.backoff.ms rocksdb.config.setter security.protocol send.buffer.bytes
  state.cleanup.delay.ms state.cleanup.dir.max.age.ms state.dir statestore.cache.max.bytes task.assignor.class
  task.timeout.ms topology.optimization upgrade.from window.size.ms windowed.inner.class.serde
  windowstore.changelog.additional.retention.ms`.split(/\s+/)

const matches = (name: string, property: string): boolean =>
  name.endsWith('*') ? property.startsWith(name.slice(0, -1)) : property === name

describe('the page on configuration', () => {
  it('has every option and every property that is refused', () => {
    for (const [option, { kafka, text }] of Object.entries(optionTable)) {
      expect(page).toContain(`\`${option}\``)
      expect(page).toContain(`\`${kafka ?? ''}\``)
      expect(page).toContain(text)
    }
    for (const [property, reason] of Object.entries(refusedProperties)) {
      expect(page).toContain(`\`${property}\``)
      expect(page).toContain(reason)
    }
  })

  it.each(streamsConfig)('knows %s of Kafka Streams: an option, or a reason', (property) => {
    const isOption = Object.values(optionTable).some(({ kafka }) => kafka === property)
    const isRefused = Object.keys(refusedProperties).some((name) => matches(name, property))
    const isMapped = ['bootstrap.servers', 'default.dsl.store'].includes(property)
    expect([isOption, isRefused, isMapped].filter(Boolean)).toHaveLength(1)
  })
})

describe('properties of stores', () => {
  it.each([
    ['default.dsl.store', 'in_memory'],
    ['dsl.store.suppliers.class', 'org.apache.kafka.streams.state.BuiltInDslStoreSuppliers$InMemoryDslStoreSuppliers'],
  ])('are understood as Kafka writes them: %s', (property, value) => {
    expect(fromProperties({ [property]: value })).toEqual({ dslStoreSuppliers: 'in-memory' })
    expect(() => fromProperties({ [property]: 'com.example.Mine' })).toThrow(
      expect.objectContaining({ code: 'MR_CONFIG_INVALID' }),
    )
  })

  it('go on to the internal settings when their names say so', () => {
    const name = '__emit.interval.ms.kstreams.windowed.aggregation__'
    expect(fromProperties({ [name]: 0, 'upgrade.from': '3.3', 'dsl.store.format': 'HEADERS' })).toEqual({
      internalConfig: { [name]: 0 },
      upgradeFrom: '3.3',
      dslStoreFormat: 'headers',
    })
  })
})
