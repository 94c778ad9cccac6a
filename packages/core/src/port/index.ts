/** What Millrace asks of the world. An adapter imports this entry point and nothing else of `core`. */
export type { Cancellable, Clock, Random, Timers } from './clock.ts'
export { type FileLock, type LockFiles, type LockOwner, type LockSystem, takeFileLock } from './file-lock.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export { type DirectoryCalls, makeDirectory } from './make-directory.ts'
export type {
  EngineEntry,
  EngineOperation,
  EngineSnapshot,
  EngineStats,
  KeyRange,
  RangeOptions,
  StoreEngine,
  StoreEngineProvider,
} from './store-engine.ts'
export type {
  BrokerAddress,
  SendOptions,
  Transport,
  TransportChannel,
  TransportNode,
  TransportRole,
} from './transport.ts'
export {
  ConfigError,
  FatalError,
  RetriableError,
  StreamsError,
  type StreamsCode,
  type StreamsDetails,
  TaskCorruptedError,
} from '../errors.ts'
