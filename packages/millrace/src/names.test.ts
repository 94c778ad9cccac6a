/** The public names: what a page, an example or a user of Kafka Streams looks for is there. */
import { TopologyTestDriver } from '@millrace/testing'
import { describe, expect, it } from 'vitest'
import * as millrace from './index.ts'

const { KStream, KTable, KGroupedStream, KGroupedTable, StreamsApp, StreamsBuilder, Topology } = millrace

const values = `StreamsApp StreamsBuilder Topology EmbeddedBroker KafkaClient topic fromProperties record
  string bytes int16 int32 int64 bigint64 float double boolean uuid list json jsonSchema msgpack nullable timeWindowed
  sessionWindowed tumbling hopping sliding session unlimited keyValueStore timestampedKeyValueStore
  headersKeyValueStore lruStore windowStore timestampedWindowStore headersWindowStore sessionStore versionedStore
  levelStores memoryStores StreamsError ConfigError TopologyError RecordError`.split(/\s+/)

const methods: readonly (readonly [{ readonly name: string; readonly prototype: object }, string])[] = [
  [StreamsBuilder, 'stream table globalTable addStateStore addGlobalStore build'],
  [
    Topology,
    'addSource addProcessor addSink addStateStore addGlobalStore addReadOnlyStateStore connectProcessorAndStateStores describe',
  ],
  [
    KStream,
    `filter filterNot map mapValues flatMap flatMapValues selectKey peek foreach print split merge repartition to toTable
     groupByKey groupBy join leftJoin outerJoin process processValues`,
  ],
  [KTable, 'filter filterNot mapValues transformValues toStream suppress groupBy join leftJoin outerJoin'],
  [KGroupedStream, 'count reduce aggregate windowedBy cogroup'],
  [KGroupedTable, 'count reduce aggregate'],
  [
    StreamsApp,
    `start close run state onState ended store pause resume isPaused metrics addWorker removeWorker cleanUp metadata
     metadataForLocalWorkers streamsMetadataForStore queryMetadataForKey allLocalStorePartitionLags`,
  ],
  [TopologyTestDriver, 'input output advanceWallClock store'],
]

describe('public names', () => {
  it('are exported', () => {
    expect(values.filter((name) => !(name in millrace))).toEqual([])
  })

  it.each(methods)('are methods: $name', (type, names) => {
    expect(names.split(/\s+/).filter((name) => !(name in type.prototype))).toEqual([])
  })
})
