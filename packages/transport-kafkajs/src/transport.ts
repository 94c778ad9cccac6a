/**
 * The transport on kafkajs (docs/decisions: "kafkajs carries bytes"). One captured cluster per role, so that a parked
 * JoinGroup or a long poll never holds up another role.
 */
import { Kafka, type KafkaConfig } from 'kafkajs'
import {
  ConfigError,
  type Logger,
  silentLogger,
  type Transport,
  type TransportChannel,
  type TransportRole,
} from '@millrace/core/port'
import { KafkajsChannel } from './channel.ts'
import { captureCluster } from './kafkajs-internals.ts'
import { logBridge } from './log-bridge.ts'
import { readingSockets } from './receive-bytes.ts'

/** What the transport takes beside the client. */
export interface KafkajsTransportOptions {
  /** Client id in requests, shown in broker logs and quotas; for a client given as options without one. */
  readonly clientId?: string
  /** Where kafkajs' own log lines go (as debug), unless the options name a `logCreator`. */
  readonly logger?: Logger
}

/**
 * Opens the way to a Kafka cluster by kafkajs' sockets; nothing connects before the first request.
 *
 * @param kafka kafkajs' options (brokers, ssl, sasl, socketFactory, …) or a `Kafka` of kafkajs that the caller keeps
 * @throws {MR_CONFIG_MISSING} no brokers
 */
export function kafkajsTransport(kafka: Kafka | KafkaConfig, options: KafkajsTransportOptions = {}): Transport {
  return new KafkajsTransport(isClient(kafka) ? kafka : clientOf(kafka, options))
}

class KafkajsTransport implements Transport {
  readonly #kafka: Kafka
  readonly #channels = new Set<KafkajsChannel>()

  constructor(kafka: Kafka) {
    this.#kafka = kafka
  }

  async open(role: TransportRole): Promise<TransportChannel> {
    const channel = new KafkajsChannel(captureCluster(this.#kafka), role, () => this.#channels.delete(channel))
    this.#channels.add(channel)
    return channel
  }

  async close(): Promise<void> {
    await Promise.all([...this.#channels].map(async (channel) => channel.close()))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

function isClient(kafka: Kafka | KafkaConfig): kafka is Kafka {
  return typeof (kafka as Partial<Kafka>).consumer === 'function'
}

function clientOf(config: KafkaConfig, options: KafkajsTransportOptions): Kafka {
  const { brokers } = config
  if (typeof brokers !== 'function' && !(Array.isArray(brokers) && brokers.length > 0)) {
    throw new ConfigError('MR_CONFIG_MISSING', {
      option: 'kafka.brokers',
      accepted: "a list such as ['localhost:9092']",
    })
  }
  if (Array.isArray(brokers)) for (const broker of brokers) checkAddress(broker)
  return new Kafka({
    connectionTimeout: 10_000,
    socketFactory: readingSockets,
    ...(options.clientId === undefined ? {} : { clientId: options.clientId }),
    ...logBridge(options.logger ?? silentLogger),
    ...config,
  })
}

function checkAddress(broker: unknown): void {
  const port = typeof broker === 'string' ? Number(/^[^:\s]+:(\d+)$/.exec(broker)?.[1]) : Number.NaN
  if (port >= 1 && port <= 65_535) return
  throw new ConfigError('MR_CONFIG_INVALID', {
    option: 'kafka.brokers',
    value: JSON.stringify(broker) ?? String(broker),
    accepted: '"host:port" with a port from 1 to 65535',
  })
}
