/** millrace topics: names and partition counts. */
import { type Cluster, listTopics } from '@millrace/protocol'
import type { VerbResult } from './run-command.ts'

export async function topicsVerb(cluster: Cluster): Promise<VerbResult> {
  const topics = await listTopics(cluster)
  const rows = [...topics].map(([topic, { partitions }]) => ({ topic, partitions: partitions.length }))
  return { rows: rows.toSorted((a, b) => (a.topic < b.topic ? -1 : 1)) }
}
