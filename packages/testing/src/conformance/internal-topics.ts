/** Which topics of a vector the application makes by itself, and which the user has to make. */
import type { BuiltTopology } from '@millrace/core/internal'
import { stepRecord } from './step-records.ts'
import type { Vector } from './vector.ts'

/** The application id that the names of internal topics in a vector begin with. */
export function applicationIdOf(vector: Vector): string {
  return vector.config?.['application.id'] ?? 'app'
}

/** Changelogs, repartition topics, topics of foreign-key joins, by the names they have in vectors. */
export function isInternalTopic(topic: string, applicationId: string): boolean {
  if (topic.endsWith('-changelog') || topic.endsWith('-repartition')) return true
  return topic.endsWith('-topic') && topic.startsWith(`${applicationId}-`)
}

/** Topics of an application: made by the user; of those and of its own the ones read by the group; read by global stores. */
export interface VectorTopics {
  readonly external: readonly string[]
  /** As they are called on a cluster. */
  readonly read: readonly string[]
  readonly global: readonly string[]
}

export function topicsOf(vector: Vector, topology: BuiltTopology, applicationId: string): VectorTopics {
  const external = new Set<string>()
  const add = (topic: string): void => {
    if (!topology.isInternalTopic(topic)) external.add(topic)
  }
  for (const node of topology.nodes) {
    if (node.kind === 'source') (node.topics ?? []).forEach(add)
    else if (node.kind === 'sink' && node.topic !== null) add(node.topic)
  }
  for (const step of vector.steps) {
    const record = stepRecord(vector, step)
    if (record !== null) external.add(record.topic)
  }
  for (const topic of Object.keys(vector.expect.output ?? {})) {
    if (!isInternalTopic(topic, applicationIdOf(vector))) external.add(topic)
  }
  const deadLetters = vector.config?.['errors.dead.letter.queue.topic.name']
  if (deadLetters !== undefined && deadLetters !== null && deadLetters !== '') external.add(deadLetters)
  const global = new Set(topology.globalStores.map(({ topic }) => topic))
  const read = new Set(topology.subTopologies.flatMap(({ sourceTopics }) => sourceTopics))
  return {
    external: [...external].toSorted(),
    read: [...read].map((topic) => topology.topicName(topic, applicationId)).toSorted(),
    global: [...global].toSorted(),
  }
}
