/**
 * The connections of one role: a link per broker, opened when first used, dropped as a whole when anything on it fails.
 *
 * A link is never repaired. kafkajs keeps half-read bytes of a broken socket, so a new link (new sockets, new
 * authentication) is made for the next request instead. Brokers are known from `learn`; only a node nobody has told of
 * is looked up through kafkajs' own metadata request.
 */
import {
  type BrokerAddress,
  ConfigError,
  RetriableError,
  type SendOptions,
  type StreamsError,
  type TransportChannel,
  type TransportNode,
  type TransportRole,
} from '@millrace/core/port'
import type { Cluster, ConnectionPool } from './kafkajs-internals.ts'
import { BrokerLink } from './broker-link.ts'
import { isUnknownHost } from './translate-error.ts'

const timeoutMsDefault = 30_000
/** Seeds tried for one request to `any` before it fails. */
const seedsMax = 8

export class KafkajsChannel implements TransportChannel {
  readonly #cluster: Cluster
  readonly #role: TransportRole
  readonly #onClose: () => void
  readonly #addresses = new Map<number, BrokerAddress>()
  readonly #links = new Map<number, BrokerLink>()
  #seed: BrokerLink | null = null
  #seedOpening: Promise<BrokerLink> | null = null
  /** The seed that is being tried. */
  #seedTried: BrokerLink | null = null
  #reachedOnce = false
  #closed = false

  constructor(cluster: Cluster, role: TransportRole, onClose: () => void) {
    this.#cluster = cluster
    this.#role = role
    this.#onClose = onClose
  }

  async send(
    node: TransportNode,
    apiKey: number,
    version: number,
    body: Uint8Array,
    options?: SendOptions,
  ): Promise<Uint8Array> {
    const timeoutMs = options?.timeoutMs ?? timeoutMsDefault
    const link = node === 'any' ? await this.#anyLink() : await this.#nodeLink(node)
    try {
      return await link.request(apiKey, version, body, timeoutMs, options?.expectResponse ?? true)
    } catch (error) {
      this.#drop(link)
      throw error
    }
  }

  learn(brokers: readonly BrokerAddress[]): void {
    const known = new Set<number>()
    for (const broker of brokers) {
      known.add(broker.nodeId)
      this.#addresses.set(broker.nodeId, broker)
      const link = this.#links.get(broker.nodeId)
      if (link !== undefined && !link.isAt(broker.host, broker.port)) this.#drop(link)
    }
    for (const nodeId of this.#addresses.keys()) {
      if (known.has(nodeId)) continue
      this.#addresses.delete(nodeId)
      const link = this.#links.get(nodeId)
      if (link !== undefined) this.#drop(link)
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#onClose()
    const seeds = [this.#seed, this.#seedTried].filter((link) => link !== null)
    const links = new Set([...this.#links.values(), ...seeds])
    this.#links.clear()
    this.#seed = null
    await Promise.all(Array.from(links, async (link) => link.close()))
  }

  async #nodeLink(node: number): Promise<BrokerLink> {
    this.#assertOpen()
    let link = this.#links.get(node)
    if (link === undefined) {
      const address = this.#addresses.get(node) ?? (await this.#lookUp(node))
      this.#assertOpen()
      link = this.#links.get(node) ?? new BrokerLink(this.#cluster, address, async () => this.#build(address))
      this.#links.set(node, link)
    }
    try {
      await link.ready()
    } catch (error) {
      this.#drop(link)
      throw error
    }
    return link
  }

  /** The link to whichever seed answers; concurrent callers share one attempt. */
  async #anyLink(): Promise<BrokerLink> {
    this.#assertOpen()
    if (this.#seed !== null) return this.#seed
    this.#seedOpening ??= this.#openSeed().finally(() => {
      this.#seedOpening = null
    })
    return this.#seedOpening
  }

  async #openSeed(): Promise<BrokerLink> {
    const tried = new Set<string>()
    let failure: StreamsError | undefined
    let unknownHosts = 0
    for (let i = 0; i < seedsMax; i++) {
      const link = new BrokerLink(this.#cluster, null, async () => this.#build())
      this.#seedTried = link
      try {
        await link.ready()
        this.#assertOpen()
        this.#seed = link
        this.#reachedOnce = true
        return link
      } catch (error) {
        void link.close()
        this.#assertOpen()
        if (tried.has(link.address)) break
        tried.add(link.address)
        failure = error as StreamsError
        if (isUnknownHost(failure.cause)) unknownHosts++
        if (!(failure instanceof RetriableError)) throw failure
      }
    }
    for (const nodeId of this.#addresses.keys()) {
      try {
        return await this.#nodeLink(nodeId)
      } catch {
        // The failure of the seeds says more: it names what the user configured.
      }
    }
    if (unknownHosts === tried.size && !this.#reachedOnce) {
      throw new ConfigError(
        'MR_CONFIG_INVALID',
        {
          option: 'kafka.brokers',
          value: [...tried].join(', '),
          accepted: 'a host name that this machine can resolve',
        },
        { cause: failure },
      )
    }
    throw failure ?? this.#disconnected('no broker is configured')
  }

  async #lookUp(node: number): Promise<BrokerAddress> {
    this.learn(await (await this.#anyLink()).brokers())
    const address = this.#addresses.get(node)
    if (address === undefined) throw this.#disconnected(`broker ${node} is not in the cluster's metadata`)
    return address
  }

  async #build(address?: BrokerAddress): Promise<ConnectionPool> {
    return this.#cluster.connectionPoolBuilder.build(address)
  }

  #drop(link: BrokerLink): void {
    if (this.#seed === link) this.#seed = null
    for (const [nodeId, other] of this.#links) if (other === link) this.#links.delete(nodeId)
    void link.close()
  }

  #assertOpen(): void {
    if (this.#closed) throw this.#disconnected('the channel is closed')
  }

  #disconnected(reason: string): RetriableError {
    return new RetriableError('MR_TRANSPORT_DISCONNECTED', { broker: `the cluster (${this.#role})`, reason })
  }
}
