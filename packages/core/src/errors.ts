/**
 * The error table. A code says what happened (`MR_<AREA>_<WHAT>`); the class says what the caller does next.
 *
 * Each area lists its codes and messages in `error/<area>.ts`; every code has a heading in docs/errors.md, and a test
 * compares the two. Match on `code`, not on `instanceof`: two copies of a package may be loaded.
 */
import { brokerMessages } from './error/broker.ts'
import { configMessages } from './error/config.ts'
import { operatorMessages } from './error/operator.ts'
import { protocolMessages } from './error/protocol.ts'
import { recordMessages } from './error/record.ts'
import { runtimeMessages } from './error/runtime.ts'
import { serdeMessages } from './error/serde.ts'
import { storeMessages } from './error/store.ts'
import { topologyMessages } from './error/topology.ts'
import { windowMessages } from './error/window.ts'

type Messages = typeof brokerMessages &
  typeof configMessages &
  typeof operatorMessages &
  typeof protocolMessages &
  typeof recordMessages &
  typeof runtimeMessages &
  typeof serdeMessages &
  typeof storeMessages &
  typeof topologyMessages &
  typeof windowMessages

const messages: Messages = {
  ...brokerMessages,
  ...configMessages,
  ...operatorMessages,
  ...protocolMessages,
  ...recordMessages,
  ...runtimeMessages,
  ...serdeMessages,
  ...storeMessages,
  ...topologyMessages,
  ...windowMessages,
}

/** Every error code. */
export type StreamsCode = keyof Messages
/** What an error of this code carries. */
export type StreamsDetails<C extends StreamsCode> = Parameters<Messages[C]>[0]

/** Base class of every error that Millrace raises. `details` is typed by `code`; `cause` is the error it wraps. */
export class StreamsError<C extends StreamsCode = StreamsCode> extends Error {
  readonly code: C
  readonly details: StreamsDetails<C>

  constructor(code: C, details: StreamsDetails<C>, options?: ErrorOptions) {
    super((messages[code] as (d: StreamsDetails<C>) => string)(details), options)
    this.name = new.target.name
    this.code = code
    this.details = details
  }
}

/** The developer reacts, at build time, before any I/O. */
export class TopologyError<C extends StreamsCode = StreamsCode> extends StreamsError<C> {}
/** Whoever deploys reacts, at start. */
export class ConfigError<C extends StreamsCode = StreamsCode> extends StreamsError<C> {}
/** A record handler reacts: skip, dead-letter or stop. */
export class RecordError<C extends StreamsCode = StreamsCode> extends StreamsError<C> {}
/** The runtime tries again with backoff, within a limit. */
export class RetriableError<C extends StreamsCode = StreamsCode> extends StreamsError<C> {}
/** The worker closes the task without committing and rejoins the group. */
export class TaskMigratedError<C extends StreamsCode = StreamsCode> extends StreamsError<C> {}
/** The worker drops the named stores and restores them. */
export class TaskCorruptedError<C extends StreamsCode = StreamsCode> extends StreamsError<C> {}
/** The worker discards its producer, drops what is not committed and goes on from the committed offsets. */
export class TransactionAbortedError<C extends StreamsCode = StreamsCode> extends StreamsError<C> {}
/** The application stops and keeps its state. */
export class FatalError<C extends StreamsCode = StreamsCode> extends StreamsError<C> {}
/** The querying caller tries again, or elsewhere. */
export class StoreUnavailableError<C extends StreamsCode = StreamsCode> extends StreamsError<C> {}
