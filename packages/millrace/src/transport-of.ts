/** From what a user gives as `kafka` to a transport: kafkajs' options, a `Kafka` of kafkajs, or an embedded broker. */
import { EmbeddedBroker } from '@millrace/broker'
import { ConfigError } from '@millrace/core'
import type { Logger, Transport } from '@millrace/core/port'
import { kafkajsTransport } from '@millrace/transport-kafkajs'
import { checkKafkaConfig } from './kafka-config.ts'
import type { Kafka, KafkaConfig } from 'kafkajs'

/** Where the cluster is: options or client of kafkajs (brokers, ssl, sasl …), or a broker in this process. */
export type KafkaTarget = KafkaConfig | Kafka | EmbeddedBroker

/** @throws {MR_CONFIG_MISSING} {MR_CONFIG_INVALID} for options without brokers or with wrong addresses */
export function transportOf(kafka: KafkaTarget, clientId: string, logger: Logger): Transport {
  if (kafka === undefined || kafka === null || typeof kafka !== 'object' || Array.isArray(kafka)) {
    throw new ConfigError('MR_CONFIG_MISSING', {
      option: 'kafka',
      accepted: "kafkajs' options such as { brokers: ['localhost:9092'] }, a Kafka of kafkajs, or an EmbeddedBroker",
    })
  }
  if (kafka instanceof EmbeddedBroker) return kafka.transport(clientId)
  if (typeof (kafka as Partial<Kafka>).consumer !== 'function') checkKafkaConfig(kafka as KafkaConfig)
  return kafkajsTransport(kafka, { clientId, logger })
}

/** The addresses of a target, for texts; null when there is no network between, or only kafkajs knows them. */
export function brokersOf(kafka: KafkaTarget): string | null {
  const brokers = (kafka as { readonly brokers?: unknown } | undefined)?.brokers
  return Array.isArray(brokers)
    ? brokers.join(', ')
    : kafka instanceof EmbeddedBroker
      ? null
      : 'those of the Kafka client'
}
