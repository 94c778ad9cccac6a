/** The cluster as an administrator sees it. */
import type { BrokerAddress } from '@millrace/core/port'
import { describeCluster as describeClusterApi } from '../codec/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { assertNoError } from '../cluster/response-error.ts'
import { retry } from '../cluster/retry.ts'
import { type AdminOptions, adminTimeoutMs } from './controller-call.ts'

/** Id, controller and brokers, with the finalized feature levels (`transaction.version`, …). */
export interface ClusterDescription {
  readonly clusterId: string
  readonly controllerId: number
  readonly brokers: readonly BrokerAddress[]
  readonly features: ReadonlyMap<string, number>
}

/** Asks any broker; the first request of a tool, so that its errors are about reaching the cluster. */
export async function describeCluster(cluster: Cluster, options: AdminOptions = {}): Promise<ClusterDescription> {
  const timeoutMs = options.timeoutMs ?? adminTimeoutMs
  return retry(cluster.around, { what: 'DescribeCluster', timeoutMs }, async () => {
    const response = await cluster.call('any', describeClusterApi, {})
    const { errorCode, errorMessage, clusterId, controllerId } = response
    assertNoError(errorCode, { api: 'DescribeCluster', what: 'the cluster', message: errorMessage })
    const brokers = response.brokers.map(({ brokerId, host, port, rack }) => ({ nodeId: brokerId, host, port, rack }))
    return { clusterId, controllerId, brokers, features: await cluster.features() }
  })
}
