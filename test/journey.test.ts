/**
 * One record through a counting topology on the embedded broker, hop by hop: what the stream loop does in a page, taken
 * apart. Set a breakpoint, press step. `grep -rn "RECORD PATH" packages` names the places.
 */
import { EmbeddedBroker } from '@millrace/broker'
import { int64, string, StreamsBuilder, topic } from '@millrace/core'
import { memoryEngine } from '@millrace/core/internal'
import { silentLogger } from '@millrace/core/port'
import { Cluster, commitOffsets, fetchCommittedOffsets, Fetcher, outsider, Producer } from '@millrace/protocol'
import {
  AtLeastOnceCommitter,
  defaultHandlers,
  FetchedRecords,
  nodeClock,
  nodeRandom,
  nodeTimers,
  ProducerCollector,
  readPosition,
  Task,
  TaskCounters,
} from '@millrace/runtime/internal'
import { KafkaClient } from 'millrace'
import { expect, it } from 'vitest'

const visits = topic('visits', { key: string(), value: string() })
const totals = topic('totals', { key: string(), value: int64() })
const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger: silentLogger }
const changelog = { name: 'journey-visits-changelog' }

function counting(): StreamsBuilder {
  const builder = new StreamsBuilder()
  builder.stream(visits).groupByKey().count({ store: 'visits' }).toStream().to(totals)
  return builder
}

it('takes one record from the topic to the committed result, one hop after the other', async () => {
  await using broker = await EmbeddedBroker.start()
  await using client = new KafkaClient(broker)
  await client.createTopics([visits, totals, changelog])
  const writer = client.writer(visits)
  await writer.ready()
  writer.send('ada', 'front page', { timestampMs: 1_000 })
  await writer.flush()

  const transport = broker.transport()
  const fetchCluster = new Cluster(await transport.open('fetch'), around)
  const produceCluster = new Cluster(await transport.open('produce'), around)
  await produceCluster.metadata.need([totals.name, changelog.name])
  const producer: Producer = new Producer(produceCluster, { onAcked: (...acked) => collector.onAcked(...acked) })
  const collector: ProducerCollector = new ProducerCollector(
    {
      partition: (name, partition) => producer.partition(name, partition),
      partitionCount: (name) => produceCluster.metadata.topic(name)?.partitions.length,
      needTopics: async (names) => void (await produceCluster.metadata.need(names)),
    },
    {
      handlers: defaultHandlers,
      deadLetterTopic: null,
      logger: silentLogger,
      random: nodeRandom,
      stickyBytes: 16_384,
      nowMs: () => 0,
    },
  )
  collector.watch(changelog.name, 0)
  const engine = memoryEngine()
  const task = await Task.open({
    topology: counting().build().build(),
    subTopology: 0,
    id: { subTopology: 0, partition: 0 },
    inputs: [{ topic: visits.name, partition: 0 }],
    applicationId: 'journey',
    engine,
    memoryEngine: memoryEngine(),
    collector,
    clock: nodeClock,
    logger: silentLogger,
    metrics: new TaskCounters(),
    handlers: defaultHandlers,
    settings: {
      cacheBytesMax: 1_000_000,
      serdes: { key: null, value: null },
      timestampExtractor: 'fail',
      deadLetterTopic: null,
      processingHandlerGlobal: false,
      config: () => undefined,
    },
  })

  // 1 poll: the fetcher gives a batch
  const fetcher = new Fetcher(fetchCluster)
  fetcher.assign([{ topic: visits.name, partition: 0, offset: 'earliest' }])
  const [fetched] = await fetcher.poll(5_000)
  const batch = fetched?.batches[0]
  if (fetched === undefined || batch === undefined) throw new Error('nothing was fetched')
  expect(batch.records.count).toBe(1)

  // 2 queue: bytes become a typed record with its event time
  expect(task.enqueue(visits.name, 0, new FetchedRecords(batch.records, batch.first, fetched.nextOffset))).toBe(1)

  // 3 choose, 4 process: the oldest head wins, and passes every node
  expect(task.process(100)).toBe(1)
  expect(task.streamTimeMs).toBe(1_000)
  expect(task.buffered(visits.name, 0)).toBe(0)

  // 5 store: the count is in the entry table, and nowhere else yet
  const store = task.view('visits') as unknown as { get(key: string): { value: number; timestampMs: number } }
  expect(store.get('ada')).toEqual({ value: 1, timestampMs: 1_000 })
  expect(await readPosition(engine, changelog.name, 0)).toBeNull()
  expect(collector.recordsSent).toBe(0)

  // 7 punctuate: nothing is scheduled
  expect(task.punctuateStreamTime()).toBe(false)

  // 6 collect and 8 commit: the cache goes to changelog and sink, acknowledgements, engine batch, offsets
  const committer = new AtLeastOnceCommitter(
    {
      flush: async () => {
        expect(collector.recordsSent).toBe(2)
        await producer.flush()
      },
      fence: () => null,
    },
    async (positions) => {
      expect(await readPosition(engine, changelog.name, 0)).toBe(1)
      await commitOffsets(produceCluster, outsider('journey'), positions)
    },
  )
  const changelogs = task.changelogs()
  await committer.commit([
    {
      task,
      engine,
      changelogs,
      acknowledgedOffset: (name, partition) => collector.acknowledgedOffset(name, partition),
    },
  ])

  // only now is it done
  expect(task.commitNeeded).toBe(false)
  const [committed] = await fetchCommittedOffsets(produceCluster, 'journey', [{ topic: visits.name, partition: 0 }])
  expect(committed?.offset).toBe(1)
  const results = []
  for await (const { key, value, timestampMs } of client.read(totals)) results.push([key, value, timestampMs])
  expect(results).toEqual([['ada', 1, 1_000]])

  task.close(true)
  await producer.close()
  await fetcher.close()
  await transport.close()
})
