/** ApiVersions: what the router offers, and which features are on. */
import { apiVersions, type ApiVersionsRequest, type ApiVersionsResponse } from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import type { Answer, RequestContext, Route } from './handler.ts'
import { route } from './handler.ts'
import { offeredVersions, type BrokerVersion } from './version-range.ts'

interface Feature {
  readonly name: string
  readonly min: number
  readonly max: number
  readonly level: number
}

const features: Readonly<Record<BrokerVersion, readonly Feature[]>> = {
  '3.9': [{ name: 'metadata.version', min: 1, max: 21, level: 21 }],
  '4.x': [
    { name: 'metadata.version', min: 7, max: 29, level: 29 },
    { name: 'transaction.version', min: 0, max: 2, level: 2 },
  ],
}
/** From here on features with minimum 0 are listed among the supported ones. */
const zeroMinimumFrom = 4

/** The route, which has to know all routes. */
export function apiVersionsRoute(routes: readonly Route[]): Route {
  const offered = (release: BrokerVersion): ApiVersionsResponse['apiKeys'] =>
    [...routes, { api: apiVersions }]
      .flatMap(({ api }) => {
        const range = offeredVersions(api, release)
        return range === undefined ? [] : [{ apiKey: api.key, minVersion: range[0], maxVersion: range[1] }]
      })
      .sort((a, b) => a.apiKey - b.apiKey)
  const byRelease = new Map<BrokerVersion, ApiVersionsResponse['apiKeys']>()
  const handle = (
    state: BrokerState,
    _body: ApiVersionsRequest,
    context: RequestContext,
  ): Answer<ApiVersionsResponse> => {
    const apiKeys = byRelease.get(state.release) ?? offered(state.release)
    byRelease.set(state.release, apiKeys)
    const known = features[state.release]
    return {
      errorCode: 0,
      apiKeys,
      supportedFeatures: known
        .filter((feature) => feature.min > 0 || context.version >= zeroMinimumFrom)
        .map(({ name, min, max }) => ({ name, minVersion: min, maxVersion: max })),
      finalizedFeaturesEpoch: 1n,
      finalizedFeatures: known.map(({ name, level }) => ({ name, maxVersionLevel: level, minVersionLevel: level })),
    }
  }
  return route(apiVersions, handle)
}
