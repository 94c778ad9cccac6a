/**
 * How many partitions every internal topic has, and how many tasks every sub-topology: a pure function of the topology and
 * of the partition counts of the user's topics, so that each leader of the group comes to the same plan.
 *
 * A repartition topic without a count of its own gets the greatest count among the sources of the sub-topologies that
 * write it; topics that are joined get equal counts or the application does not start.
 */
import { ConfigError, TopologyError } from '@millrace/core'
import type { BuiltTopology, InternalTopic, SubTopology } from '@millrace/core/internal'

/** An internal topic as it must be in the cluster. */
export interface PlannedTopic {
  /** With application id. */
  readonly name: string
  readonly partitions: number
  readonly topic: InternalTopic
}

export interface PartitionPlan {
  readonly repartition: readonly PlannedTopic[]
  readonly changelog: readonly PlannedTopic[]
  /** Number of tasks by sub-topology. */
  readonly tasks: ReadonlyMap<number, number>
  /** Partition count of a topic that is read, by its name in the cluster. */
  readonly counts: ReadonlyMap<string, number>
}

/** What the plan needs of the cluster. */
export interface PlanInput {
  readonly topology: BuiltTopology
  readonly applicationId: string
  /** Topics that each pattern source reads now, by source node. */
  readonly patternTopics: ReadonlyMap<string, readonly string[]>
  /** Partitions of a topic of the user; undefined = it does not exist. */
  partitionCount(topic: string): number | undefined
}

/**
 * Decides all counts.
 *
 * @throws {MR_CONFIG_INVALID} (ConfigError) a repartition topic is to have no partitions
 * @throws {MR_RUNTIME_TOPIC_MISSING} (ConfigError) a source topic does not exist
 * @throws {MR_RUNTIME_COPARTITION} (TopologyError) joined topics have different counts
 */
export function planPartitions(input: PlanInput): PartitionPlan {
  const { topology, applicationId } = input
  const repartition = new Map<string, InternalTopic>()
  for (const sub of topology.subTopologies)
    for (const topic of sub.repartitionTopics) repartition.set(topic.name, topic)
  const counts = new Map<string, number>()
  for (const [name, topic] of repartition)
    if (topic.partitions !== null) counts.set(name, atLeastOne(topic.partitions, name))
  countUserTopics(input, repartition, counts)
  countRepartitionTopics(input, repartition, counts)
  for (const sub of topology.subTopologies)
    for (const group of sub.copartitionGroups) alignGroup(group, repartition, counts)
  const tasks = new Map(
    topology.subTopologies.map((sub) => [sub.id, Math.max(0, ...sourcesOf(sub, input).map((t) => counts.get(t) ?? 0))]),
  )
  const named = (topic: InternalTopic, partitions: number): PlannedTopic => ({
    name: topology.topicName(topic.name, applicationId),
    partitions,
    topic,
  })
  return {
    repartition: [...repartition.values()].map((topic) => named(topic, counts.get(topic.name) ?? 0)),
    changelog: topology.subTopologies.flatMap((sub) =>
      sub.changelogTopics.map((topic) => named(topic, tasks.get(sub.id) ?? 0)),
    ),
    tasks,
    counts: new Map([...counts].map(([name, count]) => [topology.topicName(name, applicationId), count])),
  }
}

function atLeastOne(partitions: number, topic: string): number {
  if (partitions > 0) return partitions
  const accepted = `at least 1 for the repartition topic "${topic}"`
  throw new ConfigError('MR_CONFIG_INVALID', { option: 'partitions', value: String(partitions), accepted })
}

/** Source topics of a sub-topology without application id, also those that its patterns match. */
export function sourcesOf(sub: SubTopology, input: Pick<PlanInput, 'patternTopics'>): readonly string[] {
  const matched = sub.nodes.flatMap((node) => input.patternTopics.get(node) ?? [])
  return matched.length === 0 ? sub.sourceTopics : [...sub.sourceTopics, ...matched]
}

function countUserTopics(
  input: PlanInput,
  repartition: ReadonlyMap<string, InternalTopic>,
  counts: Map<string, number>,
): void {
  const missing: string[] = []
  for (const sub of input.topology.subTopologies) {
    for (const topic of sourcesOf(sub, input)) {
      if (repartition.has(topic) || counts.has(topic)) continue
      const count = input.partitionCount(input.topology.topicName(topic, input.applicationId))
      if (count === undefined) missing.push(topic)
      else counts.set(topic, count)
    }
  }
  if (missing.length > 0) {
    throw new ConfigError('MR_RUNTIME_TOPIC_MISSING', { topics: [...new Set(missing)].toSorted().join(', ') })
  }
}

function countRepartitionTopics(
  input: PlanInput,
  repartition: ReadonlyMap<string, InternalTopic>,
  counts: Map<string, number>,
): void {
  for (let progress = true; progress;) {
    progress = false
    for (const name of repartition.keys()) {
      if (counts.has(name)) continue
      const upstream = input.topology.subTopologies
        .filter((sub) => sub.sinkTopics.includes(name))
        .flatMap((sub) => sourcesOf(sub, input).flatMap((topic) => counts.get(topic) ?? []))
      if (upstream.length === 0) continue
      counts.set(name, Math.max(...upstream))
      progress = true
    }
  }
  const open = [...repartition.keys()].filter((name) => !counts.has(name))
  if (open.length > 0)
    throw new ConfigError('MR_RUNTIME_TOPIC_MISSING', { topics: `the sources of ${open.join(', ')}` })
}

/** Gives the repartition topics of one group the count of the others, and refuses what cannot be equal. */
function alignGroup(
  group: readonly string[],
  repartition: ReadonlyMap<string, InternalTopic>,
  counts: Map<string, number>,
): void {
  const fixed = group.filter((name) => !repartition.has(name) || repartition.get(name)?.partitions !== null)
  const fixedCounts = new Set(fixed.map((name) => counts.get(name)))
  if (fixedCounts.size > 1) {
    const topics = fixed.map((name) => `${name} (${counts.get(name) ?? 0})`).join(', ')
    throw new TopologyError('MR_RUNTIME_COPARTITION', { topics })
  }
  const [given] = fixedCounts
  const count = given ?? Math.max(...group.map((name) => counts.get(name) ?? 0))
  for (const name of group) if (!fixed.includes(name)) counts.set(name, count)
}
