/** The changelog reader's view of the cluster: a fetcher of its own, bounds of logs, committed offsets. */
import { type Cluster, fetchCommittedOffsets, type Fetcher, listOffsets } from '@millrace/protocol'
import { isPlanted } from '@millrace/protocol/internal'
import type { ChangelogSource } from '../changelog/reader.ts'

/** What it is made of. */
export interface ChangelogSourceParts {
  readonly cluster: Cluster
  readonly fetcher: Fetcher
  /** For committed offsets: its requests are never parked. */
  readonly adminCluster: Cluster
  readonly groupId: string
}

/**
 * Ends are high watermarks, also under exactly-once: the last transaction of the earlier owner may be undecided still, and
 * it has to be waited for.
 */
export function changelogSource(parts: ChangelogSourceParts): ChangelogSource {
  const { cluster, fetcher, adminCluster, groupId } = parts
  return {
    assign: (partitions) => fetcher.assign(partitions),
    unassign: (partitions) => fetcher.unassign(partitions),
    pause: (partitions) => fetcher.pause(partitions),
    resume: (partitions) => fetcher.resume(partitions),
    poll: async (timeoutMs) => fetcher.poll(timeoutMs),
    wakeup: () => fetcher.wakeup(),
    bounds: async (partitions) => {
      const queries = partitions.flatMap(({ topic, partition }) => [
        { topic, partition, at: 'earliest' as const },
        { topic, partition, at: 'latest' as const },
      ])
      const isolation = isPlanted('restore-to-stable') ? 'read_committed' : 'read_uncommitted'
      const found = await listOffsets(cluster, queries, { isolation })
      return partitions.map((_, i) => ({ start: found[2 * i]?.offset ?? 0, end: found[2 * i + 1]?.offset ?? 0 }))
    },
    committed: async (partitions) => {
      const offsets = await fetchCommittedOffsets(adminCluster, groupId, partitions)
      return offsets.map(({ offset }) => offset)
    },
  }
}
