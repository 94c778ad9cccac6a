/**
 * The versions of each API that the client side speaks: checked against real brokers and against the wire vectors.
 *
 * Version negotiation takes the highest version that is in both ranges. Above the highest one here Kafka changes the
 * meaning of a request (topic ids in OffsetCommit 10, batches of transactions in AddPartitionsToTxn 4); what is below
 * the lowest one lacks something we need, and Kafka 3.7 has all of these.
 */
import { FatalError } from '@millrace/core'
import type { Api } from '../codec/api.ts'
import * as apis from '../codec/apis.ts'

/** Lowest and highest version, both inclusive. */
export type VersionRange = readonly [min: number, max: number]

const spoken: ReadonlyMap<number, VersionRange> = new Map<number, VersionRange>([
  [apis.produce.key, [7, 12]],
  [apis.fetch.key, [11, 17]],
  [apis.listOffsets.key, [4, 9]],
  [apis.metadata.key, [4, 12]],
  [apis.offsetCommit.key, [7, 9]],
  [apis.offsetFetch.key, [7, 9]],
  [apis.findCoordinator.key, [2, 6]],
  [apis.joinGroup.key, [5, 9]],
  [apis.syncGroup.key, [3, 5]],
  [apis.heartbeat.key, [3, 4]],
  [apis.leaveGroup.key, [3, 5]],
  [apis.initProducerId.key, [3, 5]],
  [apis.addPartitionsToTxn.key, [0, 3]],
  [apis.addOffsetsToTxn.key, [0, 4]],
  [apis.endTxn.key, [0, 5]],
  [apis.txnOffsetCommit.key, [3, 5]],
  [apis.offsetForLeaderEpoch.key, [3, 4]],
  [apis.createTopics.key, [4, 7]],
  [apis.deleteTopics.key, [3, 6]],
  [apis.createPartitions.key, [1, 3]],
  [apis.describeConfigs.key, [2, 4]],
  [apis.incrementalAlterConfigs.key, [0, 1]],
  [apis.listGroups.key, [2, 5]],
  [apis.describeGroups.key, [4, 6]],
  [apis.deleteGroups.key, [1, 2]],
  [apis.offsetDelete.key, [0, 0]],
  [apis.deleteRecords.key, [1, 2]],
  [apis.describeCluster.key, [0, 1]],
])

/**
 * Highest version that the broker and we speak.
 *
 * @param offered the broker's range, undefined when it does not know the API
 * @param cap an upper limit of the caller, e.g. 11 for a transactional Produce under transaction V1
 * @throws {MR_PROTOCOL_OFFERED} (FatalError) there is none
 */
export function chooseVersion(
  api: Api<object, object>,
  offered: VersionRange | undefined,
  from: { readonly broker: string; readonly cap?: number | undefined },
): number {
  const [low, high] = spoken.get(api.key) ?? [api.minVersion, api.maxVersion]
  const max = Math.min(high, offered?.[1] ?? -1, from.cap ?? high)
  if (offered !== undefined && max >= Math.max(low, offered[0])) return max
  throw new FatalError('MR_PROTOCOL_OFFERED', {
    api: api.name,
    broker: from.broker,
    offered: offered === undefined ? 'none' : `${offered[0]}–${offered[1]}`,
    spoken: `${low}–${Math.min(high, from.cap ?? high)}`,
  })
}
