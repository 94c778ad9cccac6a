/** A workload as a running application: a streams application for W…, bare clients for C1 and C3. */
import { StreamsApp } from 'millrace'
import { startClientFloor } from './client-floor.ts'
import type { WorkloadArguments } from './workload-arguments.ts'
import { workloadTopology } from './workloads.ts'

export interface RunningWorkload {
  close(): Promise<void>
  /** Input records processed. */
  records(): number
}

export interface WorkloadEvents {
  onReady(): void
  onFailure(error: unknown): void
}

export async function startWorkload(given: WorkloadArguments, events: WorkloadEvents): Promise<RunningWorkload> {
  if (given.workload === 'C1' || given.workload === 'C3') return startClientFloor(given, events)
  const topology = workloadTopology(given.workload, given)
  if (topology === undefined) throw new Error(`there is no workload "${given.workload}"`)
  const app = new StreamsApp(topology, {
    applicationId: given.appId,
    kafka: { brokers: [...given.bootstrap] },
    stateDirectory: given.stateDir,
    processingGuarantee: given.guarantee,
    commitInterval: given.commitMs,
    statestoreCacheMaxBytes: given.cacheBytes,
    workers: given.threads,
    linger: given.lingerMs,
    batchSize: given.batchBytes,
    ...(given.sessionTimeoutMs === null
      ? {}
      : { sessionTimeout: given.sessionTimeoutMs, heartbeatInterval: Math.floor(given.sessionTimeoutMs / 3) }),
    ...(given.transactionTimeoutMs === null ? {} : { transactionTimeout: given.transactionTimeoutMs }),
    ...(given.instanceId === null ? {} : { groupInstanceId: given.instanceId }),
    onUncaughtError: 'replace-worker',
  })
  await app.start()
  events.onReady()
  return { close: () => app.close({ leaveGroup: true }), records: () => 0 }
}
