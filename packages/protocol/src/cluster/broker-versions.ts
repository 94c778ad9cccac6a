/**
 * Asks brokers which versions they speak (ApiVersions), once per broker and connection.
 *
 * Version 3 is sent, because only from there on the answer names the finalized features (transaction V2). A broker
 * that does not know it answers 35 in the form of version 0; it is then asked again in version 0.
 */
import type { TransportChannel, TransportNode } from '@millrace/core/port'
import { decodeReceivedResponse, encodeSentRequest } from '../codec/api.ts'
import { apiVersions, type ApiVersionsResponse } from '../codec/apis.ts'
import { errorCode } from '../codec/error-code.ts'
import { assertNoError } from './response-error.ts'
import type { VersionRange } from './spoken-versions.ts'

/** What one broker offers. */
export interface OfferedVersions {
  readonly ranges: ReadonlyMap<number, VersionRange>
  /** Finalized feature levels of the cluster, e.g. `transaction.version` → 2; empty before version 3 of the API. */
  readonly features: ReadonlyMap<string, number>
}

/** Name and version that brokers show in their metrics and logs (KIP-511). */
export interface ClientSoftware {
  readonly name: string
  readonly version: string
}

/**
 * One exchange, two with an old broker.
 *
 * @throws what the transport throws, and MR_PROTOCOL_RESPONSE
 */
export async function askVersions(
  channel: TransportChannel,
  node: TransportNode,
  from: { readonly software: ClientSoftware; readonly timeoutMs: number },
): Promise<OfferedVersions> {
  const { software, timeoutMs } = from
  const request = { clientSoftwareName: software.name, clientSoftwareVersion: software.version }
  const body = encodeSentRequest(apiVersions, newest, request)
  let bytes = await channel.send(node, apiVersions.key, newest, body, { timeoutMs })
  let version = newest
  if (codeOf(bytes) === errorCode.UNSUPPORTED_VERSION) {
    version = 0
    bytes = await channel.send(node, apiVersions.key, 0, encodeSentRequest(apiVersions, 0, {}), { timeoutMs })
  }
  const response = decodeReceivedResponse(apiVersions, version, bytes)
  assertNoError(response.errorCode, { api: 'ApiVersions', what: `broker ${node}` })
  return offered(response)
}

const newest = 3

/** The answer begins with the code in every version. */
function codeOf(bytes: Uint8Array): number {
  return ((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)
}

function offered(response: ApiVersionsResponse): OfferedVersions {
  return {
    ranges: new Map(response.apiKeys.map((api) => [api.apiKey, [api.minVersion, api.maxVersion]])),
    features: new Map(response.finalizedFeatures.map((feature) => [feature.name, feature.maxVersionLevel])),
  }
}
