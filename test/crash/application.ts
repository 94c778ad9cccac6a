/**
 * The program that is killed: counts records by key, with every record in the changelog at once (no cache), so that a kill
 * leaves as much unfinished as it can. The embedded broker, where there is one, dies with it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { EmbeddedBroker, KafkaClient, StreamsApp, StreamsBuilder, StreamsError, type Topology } from 'millrace'
import { endsOf, feed } from './feeder.ts'
import { arm, watchBatches, watchedSocket } from './fleet/kill-points.ts'
import { applicationId, changelog, input, keyOf, output, type ProgramPlan, say } from './plan.ts'
import { ProgressLog } from './progress.ts'

const plan = JSON.parse(process.argv[2] ?? '{}') as ProgramPlan
let app: StreamsApp | null = null

const metric = (name: string): number => Number(app?.metrics().find((each) => each.name === name)?.value ?? 0)

function topology(): Topology {
  const progress = new ProgressLog(plan.progressFile)
  const builder = new StreamsBuilder()
  builder
    .stream(input)
    .peek((value, key) => {
      const partition = Number(/^p(\d+)-/.exec(key)?.[1])
      progress.add({ partition, offset: Number(value), commits: metric('commit-total') })
    })
    .groupByKey()
    .count({ store: 'counts' })
    .toStream()
    .to(output)
  return builder.build()
}

async function main(): Promise<void> {
  if (plan.dieAt !== null) watchBatches()
  await using broker = plan.kafka === null ? await EmbeddedBroker.start({ directory: plan.brokerDirectory }) : null
  const brokers = (plan.kafka ?? '').split(',')
  const kafka = broker ?? { brokers }
  await using client = new KafkaClient(kafka)
  await client.createTopics([input, output], { partitions: plan.partitions })
  await begin(client)
  const stop = new AbortController()
  await using made = new StreamsApp(topology(), {
    applicationId,
    kafka: broker ?? { brokers, socketFactory: watchedSocket },
    stateDirectory: plan.stateDirectory,
    processingGuarantee: plan.guarantee,
    commitInterval: plan.commitIntervalMs,
    statestoreCacheMaxBytes: 0,
    linger: 5,
    sessionTimeout: '6s',
    heartbeatInterval: '1s',
    ...(plan.guarantee === 'exactly-once' ? { transactionTimeout: '10s' } : {}),
    ...(plan.instance === null ? {} : { groupInstanceId: plan.instance }),
  })
  app = made
  process.once('SIGTERM', () => {
    stop.abort()
    void made.close({ leaveGroup: true })
  })
  let isNew = true
  made.onState((state) => {
    if (state === 'RUNNING' && isNew) say({ event: 'running', restored: metric('restore-records-total') })
    if (state === 'RUNNING' && isNew && plan.dieAt !== null) arm(plan.dieAt, () => undefined)
    if (state === 'RUNNING') isNew = false
  })
  await made.start()
  const feeding = plan.feeds
    ? feed(client, plan.partitions, stop.signal, (counts) => say({ event: 'acked', counts }))
    : Promise.resolve()
  await Promise.race([
    made.ended(),
    feeding.then(async () => made.ended()),
    ...(plan.finishes ? [finished(client)] : []),
  ])
  stop.abort()
  await feeding
}

async function begin(client: KafkaClient): Promise<void> {
  const committed = Array<number>(plan.partitions).fill(0)
  for (const { topic, partition, committed: offset } of await client.lag(applicationId, [input.name])) {
    if (topic === input.name) committed[partition] = offset
  }
  let changelogRecords = 0
  try {
    for await (const _ of client.read(changelog)) changelogRecords++
  } catch (error) {
    if (!(error instanceof StreamsError) || error.code !== 'MR_PROTOCOL_TOPIC_MISSING') throw error
  }
  say({ event: 'begin', committed, ends: await endsOf(client, plan.partitions), changelogRecords })
}

/** Waits until everything is counted, then reads input and output. */
async function finished(client: KafkaClient): Promise<void> {
  for (let left = 1; left > 0 || app?.state !== 'RUNNING';) {
    await sleep(100)
    left = (await client.lag(applicationId, [input.name])).reduce((sum, { lag }) => sum + lag, 0)
  }
  const inputs = Array<number>(plan.partitions).fill(0)
  const faults: string[] = []
  for await (const { key, value, partition } of client.read(input)) {
    const n = inputs[partition] ?? 0
    if (value !== `${n}` || key !== keyOf(partition, n)) faults.push(`${partition}: ${key} ${value} in place of ${n}`)
    inputs[partition] = n + 1
  }
  const counts: Record<string, number> = {}
  for await (const { key, value } of client.read(output)) if (key !== null) counts[key] = value ?? 0
  say({ event: 'result', counts, inputs, faults: faults.slice(0, 5) })
}

try {
  await main()
} catch (error) {
  const code = error instanceof StreamsError ? error.code : 'unknown'
  say({ event: 'failed', code, message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exitCode = 1
}
