/** The configuration of one broker of a test cluster: KRaft, broker and controller in one process, everything on loopback. */
import { join } from 'node:path'

export const host = '127.0.0.1'
/** User and password of the SASL listener (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512). */
export const saslUser = { username: 'alice', password: 'alice-secret' } as const

export interface ClusterPlan {
  readonly version: string
  readonly brokers: number
  readonly directory: string
  /** Ports of each broker, by listener. */
  readonly ports: readonly BrokerPorts[]
  readonly sasl: boolean
  /** PEM file of the TLS listener; null = there is none. */
  readonly tlsKeyStore: string | null
  readonly config: Readonly<Record<string, string | number | boolean>>
}

export interface BrokerPorts {
  readonly plain: number
  readonly sasl: number
  readonly tls: number
  readonly controller: number
}

/** server.properties of broker `node`, as lines `name=value`. */
export function serverProperties(plan: ClusterPlan, node: number): string {
  const replicas = Math.min(3, plan.brokers)
  const ports = plan.ports[node]
  if (ports === undefined) throw new Error(`the plan has no broker ${node}`)
  const listeners = [
    `PLAINTEXT://${host}:${ports.plain}`,
    ...(plan.sasl ? [`SASL://${host}:${ports.sasl}`] : []),
    ...(plan.tlsKeyStore === null ? [] : [`TLS://${host}:${ports.tls}`]),
  ]
  const protocols = ['CONTROLLER:PLAINTEXT', 'PLAINTEXT:PLAINTEXT', 'SASL:SASL_PLAINTEXT', 'TLS:SSL']
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': node,
    'controller.quorum.voters': plan.ports.map((p, i) => `${i}@${host}:${p.controller}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: [...listeners, `CONTROLLER://${host}:${ports.controller}`].join(','),
    'advertised.listeners': listeners.join(','),
    'listener.security.protocol.map': protocols.join(','),
    'log.dirs': join(plan.directory, `broker-${node}`, 'data'),
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': Math.max(1, replicas - 1),
    'transaction.state.log.num.partitions': 4,
    'default.replication.factor': replicas,
    'min.insync.replicas': Math.max(1, replicas - 1),
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 100,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 500,
    'log.index.size.max.bytes': 1_048_576,
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    'num.network.threads': 2,
    'num.io.threads': 4,
    'broker.heartbeat.interval.ms': 500,
    'broker.session.timeout.ms': 5_000,
    'controller.quorum.election.timeout.ms': 300,
    ...(plan.sasl ? saslProperties() : {}),
    ...(plan.tlsKeyStore === null ? {} : tlsProperties(plan.tlsKeyStore)),
    ...plan.config,
  }
  return `${Object.entries(properties)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n')}\n`
}

function tlsProperties(keyStore: string): Record<string, string> {
  return { 'listener.name.tls.ssl.keystore.type': 'PEM', 'listener.name.tls.ssl.keystore.location': keyStore }
}

function saslProperties(): Record<string, string> {
  const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required'
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return {
    'listener.name.sasl.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl.plain.sasl.jaas.config': `${plain} user_${saslUser.username}="${saslUser.password}";`,
    'listener.name.sasl.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.sasl.scram-sha-512.sasl.jaas.config': scram,
  }
}
