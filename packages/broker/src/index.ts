/** The embedded broker. */
export { EmbeddedBroker, type EmbeddedBrokerOptions } from './embedded-broker.ts'
export type { TlsIdentity } from './network/tcp-listener.ts'
export type { BrokerVersion } from './api/version-range.ts'
export type { BrokerConfigInput } from './topic/broker-config.ts'
