/**
 * A source node inside a task: how raw records of its topics are read, and where they go.
 *
 * Serdes and the extractor are resolved once, when the task is made; a source without a serde is an error then, not at
 * the first record.
 */
import { ConfigError, type Serde, type TimestampFunction } from '@millrace/core'
import { matchesTopic, type SourceNode, timestampFunction } from '@millrace/core/internal'
import type { NodeContext } from './processor-context.ts'
import type { TaskState } from './task-state.ts'

export interface SourceSurroundings {
  /** Forwards to the children of the source. */
  readonly context: NodeContext
  /** Real name of a topic of the topology. */
  readonly topicNames: (topic: string) => string
}

export class LiveSource {
  readonly name: string
  readonly node: SourceNode
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
  readonly extract: TimestampFunction
  /** True: a timestamp that is not negative is taken as it is, without calling the extractor. */
  readonly takesRecordTime: boolean
  /** Real names of the topics read; null for a pattern. */
  private readonly topics: ReadonlySet<string> | null
  /** Forwards to the children. */
  readonly context: NodeContext

  /** @throws {MR_CONFIG_SERDE} if there is neither a serde nor a default */
  constructor(node: SourceNode, state: TaskState, surroundings: SourceSurroundings) {
    const { context, topicNames } = surroundings
    this.name = node.name
    this.node = node
    this.key = serdeOf(node.key ?? state.settings.serdes.key, `source "${node.name}"`, 'key')
    this.value = serdeOf(node.value ?? state.settings.serdes.value, `source "${node.name}"`, 'value')
    const extractor = node.timestampExtractor ?? state.settings.timestampExtractor
    this.extract = timestampFunction(extractor, () => state.nowMs)
    this.takesRecordTime = typeof extractor === 'string' && extractor !== 'wall-clock'
    this.topics = node.topics === null ? null : new Set(node.topics.map(topicNames))
    this.context = context
  }

  /** True when this source reads a topic, by its real name. */
  reads(topic: string): boolean {
    if (this.topics !== null) return this.topics.has(topic)
    return this.node.pattern !== null && matchesTopic(this.node.pattern, topic)
  }
}

/** @throws {MR_CONFIG_SERDE} if there is no serde */
export function serdeOf(serde: Serde<unknown> | null, what: string, part: 'key' | 'value'): Serde<unknown> {
  if (serde === null) throw new ConfigError('MR_CONFIG_SERDE', { what, part })
  return serde
}
