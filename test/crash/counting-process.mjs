/**
 * A process that counts words, for tests that kill it. Options come as JSON in the first argument; it reports over IPC.
 *
 * With `brokerDirectory` it carries its own embedded broker and writes the input itself, until it is told that it is the
 * last one; then it waits until everything is counted and compares.
 */
import { EmbeddedBroker, int64, KafkaClient, StreamsApp, StreamsBuilder, string, topic } from 'millrace'

const options = JSON.parse(process.argv[2] ?? '{}')
const { applicationId, brokerDirectory, brokers, stateDirectory, last = false, app: appOptions = {} } = options

const broker = brokerDirectory === undefined ? null : await EmbeddedBroker.start({ directory: brokerDirectory })
const kafka = broker ?? { brokers }
const input = topic(`${applicationId}-words`, { key: string(), value: string() })
const counts = topic(`${applicationId}-counts`, { key: string(), value: int64() })
const repartition = `${applicationId}-counts-repartition`

const builder = new StreamsBuilder()
builder
  .stream(input)
  .groupBy((word) => word)
  .count({ store: 'counts' })
  .toStream()
  .to(counts)

const app = new StreamsApp(builder.build(), {
  applicationId,
  kafka,
  stateDirectory,
  commitInterval: 100,
  linger: 5,
  sessionTimeout: '6s',
  heartbeatInterval: 300,
  ...appOptions,
})

const metric = (name) => app.metrics().reduce((sum, one) => sum + (one.name === name ? Number(one.value) : 0), 0)
const tell = (message) => process.send?.(message)

app.onState((state) => tell({ state }))
app.ended().catch((error) => {
  tell({ failure: `${error.code}: ${error.message}` })
  process.exit(2)
})
process.on('message', (message) => {
  if (message === 'report') {
    const tasks = app.metadataForLocalWorkers().flatMap(({ active }) => active)
    tell({ report: { state: app.state, tasks, restored: metric('restore-records-total') } })
  }
  if (message === 'close') void app.close({ leaveGroup: true }).then(() => process.exit(0))
})

async function writeOn(client) {
  const writer = client.writer(input)
  await writer.ready()
  const { end } = (await client.lag('nobody', [input.name])).reduce((sum, one) => ({ end: sum.end + one.end }), {
    end: 0,
  })
  for (let n = end; ;) {
    for (let i = 0; i < 40; i++, n++) writer.send('k', `w${n % 31}`, { partition: n % 4 })
    await writer.flush()
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function compare(client) {
  for (let left = 1; left > 0;) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const lags = await client.lag(applicationId, [input.name, repartition]).catch(() => [{ lag: 1 }])
    left = lags.reduce((sum, { lag }) => sum + lag, 0)
  }
  const expected = new Map()
  for await (const { value } of client.read(input)) expected.set(value, (expected.get(value) ?? 0) + 1)
  const found = new Map()
  for await (const { key, value } of client.read(counts)) found.set(key, value)
  let [missing, surplus, records] = [0, 0, 0]
  for (const [word, count] of expected) {
    const difference = (found.get(word) ?? 0) - count
    records += count
    if (difference < 0) missing -= difference
    else surplus += difference
  }
  tell({ result: { records, missing, surplus, restored: metric('restore-records-total') } })
}

if (broker === null) await app.start()
else {
  const client = new KafkaClient(broker)
  await client.createTopics([input, counts], { partitions: 4 })
  await app.start()
  if (last) await compare(client)
  else await writeOn(client)
  await app.close()
  await client.close()
  await broker.close()
  // Nothing else may keep the process alive.
  process.disconnect?.()
}
