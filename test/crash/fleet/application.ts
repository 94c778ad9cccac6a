/** A process of the fleet. Its plan comes as JSON in the first argument, commands over IPC, and what it says as lines. */
import { writeSync } from 'node:fs'
import { logLevel } from 'kafkajs'
import { type Metric, StreamsApp, StreamsError } from 'millrace'
import type { MemberCommand, MemberEvent, MemberPlan } from './member-plan.ts'
import { arm, watchBatches, watchedSocket } from './kill-points.ts'
import { fleetTopics, type Sum } from './topics.ts'
import { fleetTopology } from './topology.ts'

const plan = JSON.parse(process.argv[2] ?? '{}') as MemberPlan

/** At once, so that a kill cannot take back what was said. */
function say(event: MemberEvent): void {
  writeSync(1, `${JSON.stringify(event)}\n`)
}
function log(text: string, fields: object = {}): void {
  const plain = Object.entries(fields).map(([name, value]) => `${name}=${value instanceof Error ? value.stack : value}`)
  writeSync(2, `${new Date().toISOString()} ${text} ${plain.join(' ')}\n`)
}

watchBatches()
const app = new StreamsApp(fleetTopology(fleetTopics(plan.applicationId)), {
  applicationId: plan.applicationId,
  kafka: {
    brokers: plan.kafka.split(','),
    logLevel: logLevel.NOTHING,
    socketFactory: watchedSocket,
  },
  logger: { debug: () => undefined, info: log, warn: log, error: log },
  stateDirectory: plan.stateDirectory,
  processingGuarantee: plan.guarantee,
  commitInterval: plan.commitIntervalMs,
  statestoreCacheMaxBytes: 0,
  linger: 5,
  sessionTimeout: plan.sessionTimeoutMs,
  heartbeatInterval: Math.floor(plan.sessionTimeoutMs / 5),
  ...(plan.guarantee === 'exactly-once' ? { transactionTimeout: plan.transactionTimeoutMs } : {}),
  ...(plan.instance === null ? {} : { groupInstanceId: plan.instance }),
})

const numberOf = (name: string): number =>
  app.metrics().reduce((sum: number, one: Metric) => sum + (one.name === name ? Number(one.value) : 0), 0)

async function dump(id: number): Promise<void> {
  const counts: Record<string, number> = {}
  const sums: Record<string, Sum> = {}
  const twice: string[] = []
  const tasks = app.metadataForLocalWorkers().flatMap(({ active }) => active)
  try {
    if (app.state !== 'RUNNING') throw new Error(app.state)
    if (tasks.some((name) => name.startsWith('0_'))) {
      for await (const { key, value } of app.store<string, number>('counts').all()) {
        if (key in counts) twice.push(key)
        counts[key] = value
      }
    }
    if (tasks.some((name) => name.startsWith('1_'))) {
      for await (const { key, value } of app.store<string, Sum>('sums').all()) {
        if (key in sums) twice.push(key)
        sums[key] = value
      }
    }
    say({ event: 'dump', id, tasks, counts, sums, twice })
  } catch (error) {
    say({ event: 'unready', id, reason: error instanceof Error ? error.message : String(error) })
  }
}

process.on('message', (command: MemberCommand) => {
  if ('arm' in command) arm(command.arm, (point) => say({ event: 'reached', point }))
  if ('dump' in command) void dump(command.dump)
  if ('close' in command) {
    void app.close({ leaveGroup: command.close === 'leave' }).then(() => {
      // The channel to the parent would keep the process alive.
      process.disconnect()
    })
  }
})
process.on('disconnect', () => {
  if (app.state !== 'NOT_RUNNING') process.exit(4)
})

let isNew = true
app.onState((state) => {
  say({ event: 'state', state, restored: numberOf('restore-records-total'), isFirst: isNew && state === 'RUNNING' })
  if (state === 'RUNNING') isNew = false
})
app.ended().catch((error: unknown) => {
  const code = error instanceof StreamsError ? error.code : 'unknown'
  say({ event: 'failed', code, message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  process.exit(1)
})
await app.start()
