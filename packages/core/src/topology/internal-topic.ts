/**
 * Topics that Millrace itself creates: repartition topics between sub-topologies, changelog topics behind stores, and
 * what Kafka Streams configures them with.
 */
import type { StoreDefinition } from '../store/definition.ts'

/** A topic that Millrace creates. Its name is without application id. */
export interface InternalTopic {
  readonly name: string
  readonly kind: 'repartition' | 'changelog'
  /** Given by the user; null = as many as the sources of the sub-topology that writes it (changelog: as many as tasks). */
  readonly partitions: number | null
  /** What the kind of topic needs, by Kafka's names; weaker than the application's `topic.*` options. */
  readonly defaults: Readonly<Record<string, string>>
  /** What the user gave for this one topic; stronger than all. */
  readonly config: Readonly<Record<string, string>>
  /** Changelogs of windows and sessions: retention of the store, ms, to which an option adds a day. Else null. */
  readonly retentionMs: number | null
  /** Changelog: the store it backs. */
  readonly store: string | null
}

/** What the application adds to every internal topic. */
export interface InternalTopicOptions {
  /** Options with prefix `topic.`, without it. */
  readonly topicConfig: Readonly<Record<string, string>>
  /** `windowstore.changelog.additional.retention.ms`; Kafka's default is one day. */
  readonly additionalRetentionMs: number
}

const dayMs = 86_400_000
const longMax = '9223372036854775807'
const windowKinds = new Set(['window', 'timestamped-window', 'headers-window', 'session', 'headers-session'])

/** The configuration with which a topic is created, by Kafka's names: defaults < application < this topic. */
export function internalTopicConfig(topic: InternalTopic, options: InternalTopicOptions): Record<string, string> {
  const config = { ...topic.defaults, ...options.topicConfig, ...topic.config }
  if (topic.retentionMs !== null && topic.config['retention.ms'] === undefined)
    config['retention.ms'] = longText(topic.retentionMs + options.additionalRetentionMs)
  return config
}

/** A repartition topic: nothing is deleted by time, the reader purges what it has committed. */
export function repartitionTopic(name: string, partitions: number | null): InternalTopic {
  const defaults = {
    'cleanup.policy': 'delete',
    'segment.bytes': '52428800',
    'retention.ms': '-1',
    'message.timestamp.type': 'CreateTime',
  }
  return { name, kind: 'repartition', partitions, defaults, config: {}, retentionMs: null, store: null }
}

/** The changelog topic of a store, or null when its logging is off. */
export function changelogTopic(store: StoreDefinition): InternalTopic | null {
  if (store.logging === false) return null
  const windowed = windowKinds.has(store.kind)
  const defaults: Record<string, string> = {
    'cleanup.policy': windowed ? 'compact,delete' : 'compact',
    'message.timestamp.type': 'CreateTime',
  }
  if (store.kind === 'versioned') defaults['min.compaction.lag.ms'] = longText((store.historyRetentionMs ?? 0) + dayMs)
  return {
    name: changelogName(store.name),
    kind: 'changelog',
    partitions: null,
    defaults,
    config: store.logging === true ? {} : store.logging,
    retentionMs: windowed ? (store.retentionMs ?? 0) : null,
    store: store.name,
  }
}

/** Name of a store's changelog topic, without application id. */
export function changelogName(store: string): string {
  return `${store}-changelog`
}

function longText(value: number): string {
  return Number.isSafeInteger(value) ? String(value) : longMax
}
