/** Names for Millrace's own packages only: the seams that tests and simulation use. */
export { type EmbeddedBrokerParts, stateOf } from './embedded-broker.ts'
export { BrokerState, type BrokerParts, type NodeAddress } from './broker-state.ts'
export { Connection, type Submitted } from './network/connection.ts'
export type { LogFile, LogStorage } from './storage/log-storage.ts'
export { MemoryStorage } from './storage/memory-storage.ts'
export { FileStorage } from './storage/file-storage.ts'
export { BrokerConfig } from './topic/broker-config.ts'
export type { Surroundings } from './surroundings.ts'
