/**
 * millrace lag: how far a group is behind, per partition.
 *
 * The group reads every partition of the topics that it has committed offsets of and of those its members ask for: one that
 * nothing was committed for is behind by all that is in it.
 */
import { type Cluster, listGroupOffsets, listOffsets, listTopics, topicsOfGroup } from '@millrace/protocol'
import type { VerbResult } from './run-command.ts'

export async function lagVerb(cluster: Cluster, groupId: string): Promise<VerbResult> {
  // committed offsets first, so that the lag is never too small
  const offsets = await listGroupOffsets(cluster, groupId)
  const names = new Set([...offsets.map(({ topic }) => topic), ...(await topicsOfGroup(cluster, groupId))])
  if (names.size === 0) return { text: `Group "${groupId}" has no members and has committed no offset.`, code: 3 }
  const topics = await listTopics(cluster)
  const places = [...names]
    .toSorted()
    .flatMap((topic) => (topics.get(topic)?.partitions ?? []).map((_, partition) => ({ topic, partition })))
  const committed = places.map(({ topic, partition }) => {
    const found = offsets.find((each) => each.topic === topic && each.partition === partition)
    return found === undefined || found.offset < 0 ? null : found.offset
  })
  const starts = await listOffsets(cluster, at(places, 'earliest'))
  const ends = await listOffsets(cluster, at(places, 'latest'))
  const rows = places.map(({ topic, partition }, i) => {
    const offset = committed[i] ?? null
    const from = offset ?? starts[i]?.offset ?? 0
    const end = ends[i]?.offset ?? from
    return { topic, partition, committed: offset, end, lag: Math.max(0, end - from) }
  })
  return { rows }
}

type Place = { readonly topic: string; readonly partition: number }

function at<A extends 'earliest' | 'latest'>(places: readonly Place[], where: A): (Place & { readonly at: A })[] {
  return places.map((place) => ({ ...place, at: where }))
}
