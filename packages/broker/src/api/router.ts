/**
 * The table of APIs, and the way of one request through it: find, decode, handle, encode.
 *
 * As real brokers do, a version that is not offered ends the connection; only ApiVersions answers, with 35.
 */
import {
  apiVersions,
  decodeReceivedRequest,
  encodeSentResponse,
  errorCode,
  type MessageInput,
  saslAuthenticate,
  saslHandshake,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import { apiVersionsRoute } from './api-versions-handler.ts'
import { configRoutes } from './config-handlers.ts'
import { fetchRoutes } from './fetch-handler.ts'
import { groupRoutes } from './group-handlers.ts'
import type { RequestContext, Route } from './handler.ts'
import { offsetRoutes } from './list-offsets-handler.ts'
import { metadataRoutes } from './metadata-handler.ts'
import { groupOffsetRoutes } from './offset-handlers.ts'
import { produceRoutes } from './produce-handler.ts'
import { saslRoutes } from './sasl-handlers.ts'
import { topicRoutes } from './topic-handlers.ts'
import { transactionRoutes } from './transaction-handlers.ts'
import { transactionListingRoutes } from './transaction-listings.ts'
import { offeredVersions } from './version-range.ts'

/** A request as it comes off a connection. */
export interface IncomingRequest extends RequestContext {
  readonly apiKey: number
  /** What follows the client id in request header v1. */
  readonly bytes: Uint8Array
}

/**
 * What becomes of a request: bytes behind the correlation id, no answer (acks 0), the end of the connection, or one of
 * these later.
 */
export type Outcome = Uint8Array | 'silent' | 'disconnect'

const plainRoutes: readonly Route[] = [
  ...produceRoutes,
  ...fetchRoutes,
  ...offsetRoutes,
  ...metadataRoutes,
  ...groupRoutes,
  ...groupOffsetRoutes,
  ...topicRoutes,
  ...configRoutes,
  ...saslRoutes,
  ...transactionRoutes,
  ...transactionListingRoutes,
]
const routes: ReadonlyMap<number, Route> = new Map(
  [...plainRoutes, apiVersionsRoute(plainRoutes)].map((entry) => [entry.api.key, entry]),
)

/** What may be asked on a connection that has not authenticated yet. */
const beforeAuthentication: ReadonlySet<number> = new Set([apiVersions.key, saslHandshake.key, saslAuthenticate.key])

/** Handles one request of a connection. Never throws and never rejects: what goes wrong ends the connection. */
export function dispatch(state: BrokerState, request: IncomingRequest): Outcome | Promise<Outcome> {
  const { logger } = state.surroundings
  const found = routes.get(request.apiKey)
  if (found === undefined) {
    logger.warn('request of an API that is not offered', { apiKey: request.apiKey })
    return 'disconnect'
  }
  const { api } = found
  const range = offeredVersions(api, state.release)
  if (range === undefined || request.version < range[0] || request.version > range[1]) {
    if (api.key === apiVersions.key) return unsupportedVersion(state)
    logger.warn('request in a version that is not offered', { api: api.name, version: request.version })
    return 'disconnect'
  }
  if (!request.session.authenticated && !beforeAuthentication.has(api.key)) {
    logger.warn('request on a connection that has not authenticated', { api: api.name })
    return 'disconnect'
  }
  const encode = (body: MessageInput<object> | undefined): Outcome =>
    body === undefined ? 'silent' : encodeSentResponse(api, request.version, body)
  const fail = (error: unknown): Outcome => {
    logger.error(`${api.name} failed`, { error: error instanceof Error ? error : new Error(String(error)) })
    return 'disconnect'
  }
  try {
    const body = decodeReceivedRequest(api, request.version, request.bytes)
    const answer = found.handle(state, body, request)
    return answer instanceof Promise ? answer.then(encode).catch(fail) : encode(answer)
  } catch (error) {
    return fail(error)
  }
}

/** The answer in version 0 that tells a newer client what to ask with. */
function unsupportedVersion(state: BrokerState): Outcome {
  const [minVersion, maxVersion] = offeredVersions(apiVersions, state.release) ?? [0, 0]
  const apiKeys = [{ apiKey: apiVersions.key, minVersion, maxVersion }]
  return encodeSentResponse(apiVersions, 0, { errorCode: errorCode.UNSUPPORTED_VERSION, apiKeys })
}
