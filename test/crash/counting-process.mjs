/** A process that counts words, for tests that kill it. Options come as JSON in the first argument; it reports over IPC. */
import { int64, StreamsApp, StreamsBuilder, string, topic } from 'millrace'

const options = JSON.parse(process.argv[2] ?? '{}')
const { applicationId, brokers, stateDirectory, app: appOptions = {} } = options

const input = topic(`${applicationId}-words`, { key: string(), value: string() })
const counts = topic(`${applicationId}-counts`, { key: string(), value: int64() })

const builder = new StreamsBuilder()
builder
  .stream(input)
  .groupBy((word) => word)
  .count({ store: 'counts' })
  .toStream()
  .to(counts)

const app = new StreamsApp(builder.build(), {
  applicationId,
  kafka: { brokers },
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

await app.start()
