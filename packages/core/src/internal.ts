/** Names for Millrace's own packages only. */
export { change } from './record/change.ts'
export type { ChangelogRecord, CurrentRecord, FlushListener, LiveStore, StoreHost } from './store/host.ts'
export { readLong, writeLong } from './serde/long-bytes.ts'
export { toKeySerde, toSerde } from './serde/standard-schema.ts'
export { decodeUtf8, encodeUtf8 } from './serde/utf8.ts'
export { timestampFunction } from './time/timestamp-extractor.ts'
export type {
  BuiltTopology,
  GlobalStore,
  InternalTopic,
  SubTopology,
  TopologyStore,
} from './topology/built-topology.ts'
export { withDefaults } from './topology/built-topology.ts'
export type * from './topology/node.ts'
