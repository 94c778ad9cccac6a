/** Which partitions a task reads and which changelogs stand behind it, by the names of the cluster. */
import type { TaskId, TopicPartition } from '@millrace/core'
import { formatTaskId } from '@millrace/core'
import type { BuiltTopology, SubTopology } from '@millrace/core/internal'
import { type PartitionPlan, sourcesOf } from '../internal-topic/partition-plan.ts'

/** A task with what belongs to it. */
export interface TaskLayout {
  readonly id: TaskId
  /** `0_3` */
  readonly name: string
  readonly inputs: readonly TopicPartition[]
  /** Changelogs of its stores, internal ones and source topics. Empty = stateless. */
  readonly changelogs: readonly TopicPartition[]
}

/** All tasks of a topology under a plan, by sub-topology and partition. */
export function taskLayouts(
  topology: BuiltTopology,
  plan: PartitionPlan,
  applicationId: string,
  patternTopics: ReadonlyMap<string, readonly string[]>,
): readonly TaskLayout[] {
  return topology.subTopologies.flatMap((sub) => {
    const sources = sourcesOf(sub, { patternTopics }).map((topic) => topology.topicName(topic, applicationId))
    const changelogs = changelogsOf(topology, sub).map((topic) => topology.topicName(topic, applicationId))
    return Array.from({ length: plan.tasks.get(sub.id) ?? 0 }, (_, partition) => {
      const id = { subTopology: sub.id, partition }
      return {
        id,
        name: formatTaskId(id),
        inputs: sources
          .filter((topic) => (plan.counts.get(topic) ?? 0) > partition)
          .map((topic) => ({ topic, partition })),
        changelogs: changelogs.map((topic) => ({ topic, partition })),
      }
    })
  })
}

function changelogsOf(topology: BuiltTopology, sub: SubTopology): string[] {
  return topology.stores
    .filter((store) => sub.stores.includes(store.definition.name))
    .flatMap((store) => store.changelogTopic ?? [])
}
