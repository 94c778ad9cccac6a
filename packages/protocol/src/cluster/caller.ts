/** One request to one broker, in a version both sides speak: what the parts above need of a `Cluster`. */
import type { TransportNode } from '@millrace/core/port'
import type { Api } from '../codec/api.ts'
import type { MessageInput } from '../codec/schema.ts'
import type { Surroundings } from './surroundings.ts'

/** A request's body, or what makes it once the version is known (bodies whose form changed with a version). */
export type RequestBody<Req> = MessageInput<Req> | ((version: number) => MessageInput<Req>)

/** How one request is sent. */
export interface CallOptions {
  /** Longest wait for the answer, ms; default the cluster's request timeout. A long poll adds its own wait. */
  readonly timeoutMs?: number
  /** Highest version to use, e.g. 11 for a transactional Produce under transaction V1. */
  readonly cap?: number | undefined
  /** At least the size of a large request, so that it is written into one buffer. */
  readonly bytesMax?: number
}

/** Sends requests; implemented by `Cluster`. */
export interface BrokerCaller {
  readonly around: Surroundings
  readonly requestTimeoutMs: number
  call<Req extends object, Res extends object>(
    node: TransportNode,
    api: Api<Req, Res>,
    body: RequestBody<Req>,
    options?: CallOptions,
  ): Promise<Res>
}
