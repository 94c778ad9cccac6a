/**
 * A cluster as one role sees it: requests in a version both sides speak, metadata, coordinators.
 *
 * Stands on one `TransportChannel`, which it owns: fetcher, producer, group member and admin functions each work on a
 * cluster of their role, so that a parked request of one never holds up another. Opens nothing by itself.
 */
import { FatalError, RetriableError } from '@millrace/core'
import type { TransportChannel, TransportNode } from '@millrace/core/port'
import { type Api, decodeReceivedResponse, encodeSentRequest } from '../codec/api.ts'
import { askVersions, type ClientSoftware, type OfferedVersions } from './broker-versions.ts'
import type { BrokerCaller, CallOptions, RequestBody } from './caller.ts'
import { Coordinators } from './coordinators.ts'
import { MetadataCache } from './metadata-cache.ts'
import { chooseVersion } from './spoken-versions.ts'
import type { Surroundings } from './surroundings.ts'

/** Limits of a cluster; all have defaults. */
export interface ClusterOptions {
  /** Shown in the broker's metrics; default `millrace` `0`. */
  readonly software?: ClientSoftware
  /** Longest wait for one answer, ms; default 30 000. */
  readonly requestTimeoutMs?: number
  /** Age at which metadata is refreshed although nothing failed, ms; default 300 000. */
  readonly metadataMaxAgeMs?: number
}

export class Cluster implements BrokerCaller, AsyncDisposable {
  readonly around: Surroundings
  readonly requestTimeoutMs: number
  /** Topics, leaders, brokers. */
  readonly metadata: MetadataCache
  /** Coordinators of groups and transactional ids. */
  readonly coordinators: Coordinators
  readonly #channel: TransportChannel
  readonly #software: ClientSoftware
  #closed = false
  readonly #offered = new Map<TransportNode, Promise<OfferedVersions>>()

  /** @param channel is closed with the cluster */
  constructor(channel: TransportChannel, around: Surroundings, options: ClusterOptions = {}) {
    this.#channel = channel
    this.around = around
    this.requestTimeoutMs = options.requestTimeoutMs ?? 30_000
    this.#software = options.software ?? { name: 'millrace', version: '0' }
    this.metadata = new MetadataCache(this, channel, options.metadataMaxAgeMs ?? 300_000)
    this.coordinators = new Coordinators(this, channel, this.metadata)
  }

  /**
   * Sends one request to a broker and resolves with its decoded response. One attempt; error codes inside the response
   * are the caller's. Bytes in the response are views: copy what is kept.
   *
   * @throws {MR_PROTOCOL_OFFERED} (FatalError) no common version
   * @throws {MR_TRANSPORT_DISCONNECTED} {MR_TRANSPORT_TIMEOUT} (RetriableError) and what else the transport throws
   * @throws {MR_RUNTIME_CLOSED} (FatalError) after `close`, so that loops which try again end
   */
  async call<Req extends object, Res extends object>(
    node: TransportNode,
    api: Api<Req, Res>,
    body: RequestBody<Req>,
    options: CallOptions = {},
  ): Promise<Res> {
    if (this.#closed) throw new FatalError('MR_RUNTIME_CLOSED', { what: 'The connection to the cluster' })
    const version = await this.version(node, api, options.cap)
    const input = typeof body === 'function' ? body(version) : body
    const bytes = encodeSentRequest(api, version, input, options.bytesMax)
    try {
      const timeoutMs = options.timeoutMs ?? this.requestTimeoutMs
      const answer = await this.#channel.send(node, api.key, version, bytes, { timeoutMs })
      return decodeReceivedResponse(api, version, answer)
    } catch (error) {
      this.#forgetVersions(node, error)
      throw error
    }
  }

  /** The version that `call` would use for this API at this broker; asks the broker when it was not asked yet. */
  async version(node: TransportNode, api: Api<object, object>, cap?: number): Promise<number> {
    const { ranges } = await this.#versionsOf(node)
    const broker = node === 'any' ? 'The broker' : `Broker ${node}`
    return chooseVersion(api, ranges.get(api.key), { broker, cap })
  }

  /** Finalized feature levels of the cluster, e.g. `transaction.version` → 2; a feature that is not listed has level 0. */
  async features(): Promise<ReadonlyMap<string, number>> {
    return (await this.#versionsOf('any')).features
  }

  /** Closes the channel; what is in flight fails as disconnected. Twice is harmless. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#channel.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #versionsOf(node: TransportNode): Promise<OfferedVersions> {
    let offered = this.#offered.get(node)
    if (offered === undefined) {
      offered = askVersions(this.#channel, node, { software: this.#software, timeoutMs: this.requestTimeoutMs })
      this.#offered.set(node, offered)
      void offered.catch(() => this.#offered.delete(node))
    }
    return offered
  }

  /** After a lost connection another release of Kafka may answer at the same place (rolling upgrade). */
  #forgetVersions(node: TransportNode, error: unknown): void {
    if (error instanceof RetriableError) this.#offered.delete(node)
  }
}
