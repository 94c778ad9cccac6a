/** millrace lag: how far a group is behind, per partition. */
import { type Cluster, listGroupOffsets, listOffsets } from '@millrace/protocol'
import type { VerbResult } from './run-command.ts'

export async function lagVerb(cluster: Cluster, groupId: string): Promise<VerbResult> {
  // committed offsets first, so that the lag is never too small
  const offsets = await listGroupOffsets(cluster, groupId)
  if (offsets.length === 0) return { text: `Group "${groupId}" has committed no offset.`, code: 3 }
  const places = offsets.map(({ topic, partition }) => ({ topic, partition, at: 'latest' as const }))
  const ends = await listOffsets(cluster, places)
  const rows = offsets.map(({ topic, partition, offset }, i) => {
    const end = ends[i]?.offset ?? offset
    return { topic, partition, committed: offset, end, lag: Math.max(0, end - offset) }
  })
  return { rows: rows.toSorted((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : a.partition - b.partition)) }
}
