/**
 * A topic's settings: the texts a client gave, and the numbers read from them once, for the append path.
 */
import type { BatchLimits } from '../log/batch-check.ts'
import type { LogSettings } from '../log/partition-log.ts'
import type { BrokerConfig } from './broker-config.ts'
import { checkConfigValue, listOf, topicDefinitions, type ConfigDefinition } from './config-definition.ts'

/** Everything the broker obeys, parsed. */
export interface TopicSettings extends LogSettings, BatchLimits {
  readonly compact: boolean
  readonly delete: boolean
  /** −1: no limit. */
  readonly retentionMs: number
  /** −1: no limit. */
  readonly retentionBytes: number
  readonly deleteRetentionMs: number
  readonly dirtyRatioMin: number
  readonly compactionLagMsMin: number
  readonly compactionLagMsMax: number
  readonly insyncReplicasMin: number
}

const definitions: ReadonlyMap<string, ConfigDefinition> = new Map(topicDefinitions.map((d) => [d.name, d]))

export class TopicConfig {
  /** Texts that differ from the defaults because a client gave them. */
  readonly given: ReadonlyMap<string, string>
  readonly settings: TopicSettings
  readonly #broker: BrokerConfig

  constructor(broker: BrokerConfig, given: ReadonlyMap<string, string>) {
    this.#broker = broker
    this.given = given
    this.settings = this.#parse()
  }

  /** The value in force. */
  text(name: string): string {
    const definition = definitions.get(name)
    return this.given.get(name) ?? this.#brokerText(definition) ?? definition?.default ?? ''
  }

  /** A topic with these settings instead. */
  with(given: ReadonlyMap<string, string>): TopicConfig {
    return new TopicConfig(this.#broker, given)
  }

  #brokerText(definition: ConfigDefinition | undefined): string | undefined {
    return definition?.brokerName === undefined ? undefined : this.#broker.text(definition.brokerName)
  }

  #parse(): TopicSettings {
    const number = (name: string): number => Number(this.text(name))
    const policy = listOf(this.text('cleanup.policy'))
    return {
      segmentBytes: number('segment.bytes'),
      segmentMs: number('segment.ms'),
      appendTime: this.text('message.timestamp.type') === 'LogAppendTime',
      messageBytesMax: number('max.message.bytes'),
      timestampBeforeMsMax: number('message.timestamp.before.max.ms'),
      timestampAfterMsMax: number('message.timestamp.after.max.ms'),
      compact: policy.includes('compact'),
      delete: policy.includes('delete'),
      retentionMs: number('retention.ms'),
      retentionBytes: number('retention.bytes'),
      deleteRetentionMs: number('delete.retention.ms'),
      dirtyRatioMin: number('min.cleanable.dirty.ratio'),
      compactionLagMsMin: number('min.compaction.lag.ms'),
      compactionLagMsMax: number('max.compaction.lag.ms'),
      insyncReplicasMin: number('min.insync.replicas'),
    }
  }
}

/** What is wrong with a topic's setting, or undefined. */
export function checkTopicConfig(name: string, value: string | null): string | undefined {
  const definition = definitions.get(name)
  if (definition === undefined) return `Unknown topic config name: ${name}`
  if (value === null) return `Null value not supported for topic configs: ${name}`
  return checkConfigValue(definition, value)
}
