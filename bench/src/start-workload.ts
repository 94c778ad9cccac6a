/**
 * A workload as a running application: a streams application for W…, bare clients for C1 and C3.
 *
 * The application recovers by itself from what passes; should it end all the same (brokers away for longer than it waits,
 * say), another one takes its place, until the workload is closed or nothing has run for too long.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { ConfigError, type Metric, StreamsApp, type StreamsOptions } from 'millrace'
import { startClientFloor } from './client-floor.ts'
import type { WorkloadArguments } from './workload-arguments.ts'
import { workloadTopology } from './workloads.ts'

export interface RunningWorkload {
  close(): Promise<void>
  /** Input records processed. */
  records(): number
}

export interface WorkloadEvents {
  /** Once: all tasks run. */
  onReady(): void
  /** Nothing more can be done. */
  onFailure(error: unknown): void
}

/** Pause before another application takes the place of one that ended, ms. */
const againMs = 1_000
/** Applications that never reach RUNNING are given up after this time, ms. */
const giveUpMs = 600_000
/** Longest wait for the last commit, ms: the contract gives 20 s in all. */
const closeMs = 12_000

/** @throws {MR_CONFIG_INVALID} … and Error for a workload that does not exist: the arguments are wrong */
export function startWorkload(given: WorkloadArguments, events: WorkloadEvents): RunningWorkload {
  if (given.workload === 'C1' || given.workload === 'C3') return clientFloor(given, events)
  const topology = workloadTopology(given.workload, given)
  if (topology === undefined) throw new Error(`there is no workload "${given.workload}"`)
  const options = streamsOptions(given)
  let app: StreamsApp = new StreamsApp(topology, options)
  let closing: Promise<void> | null = null
  let isReady = false
  let runningMs = performance.now()
  let recordsBefore = 0

  const life = async (): Promise<void> => {
    app.onState((state) => {
      if (state !== 'RUNNING') return
      runningMs = performance.now()
      if (!isReady) events.onReady()
      isReady = true
    })
    await app.start()
    await app.ended()
  }
  const run = async (): Promise<void> => {
    while (closing === null) {
      try {
        await life()
      } catch (error) {
        if (closing !== null) return
        if (performance.now() - runningMs > giveUpMs || (error instanceof ConfigError && !isReady)) throw error
        process.stderr.write(`another application begins: ${error instanceof Error ? error.stack : String(error)}\n`)
        recordsBefore += processed(app)
        await sleep(againMs)
        if (closing === null) app = new StreamsApp(topology, options)
      }
    }
  }
  run().catch((error: unknown) => events.onFailure(error))
  return {
    close: async () => {
      closing ??= app.close({ leaveGroup: true, timeout: closeMs })
      await closing
    },
    records: () => recordsBefore + processed(app),
  }
}

function streamsOptions(given: WorkloadArguments): StreamsOptions {
  const { sessionTimeoutMs, transactionTimeoutMs, instanceId } = given
  return {
    applicationId: given.appId,
    kafka: { brokers: [...given.bootstrap] },
    stateDirectory: given.stateDir,
    processingGuarantee: given.guarantee,
    commitInterval: given.commitMs,
    statestoreCacheMaxBytes: given.cacheBytes,
    workers: given.threads,
    linger: given.lingerMs,
    batchSize: given.batchBytes,
    ...(sessionTimeoutMs === null
      ? {}
      : { sessionTimeout: sessionTimeoutMs, heartbeatInterval: Math.floor(sessionTimeoutMs / 4) }),
    ...(transactionTimeoutMs === null || given.guarantee !== 'exactly-once'
      ? {}
      : { transactionTimeout: Math.max(transactionTimeoutMs, given.commitMs) }),
    ...(instanceId === null ? {} : { groupInstanceId: instanceId }),
    onUncaughtError: 'replace-worker',
  }
}

const processed = (app: StreamsApp): number =>
  app
    .metrics()
    .reduce((sum: number, { name, value }: Metric) => sum + (name === 'process-total' ? Number(value) : 0), 0)

function clientFloor(given: WorkloadArguments, events: WorkloadEvents): RunningWorkload {
  const starting = startClientFloor(given, events)
  let running: RunningWorkload | null = null
  starting.then(
    (started) => {
      running = started
    },
    (error: unknown) => events.onFailure(error),
  )
  return {
    close: async () => running?.close(),
    records: () => running?.records() ?? 0,
  }
}
