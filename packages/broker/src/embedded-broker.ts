/**
 * The embedded broker: Kafka's protocol in this process, in memory or on a directory, reachable through the transport
 * port and, if wanted, through a loopback TCP port.
 */
import { type Logger, silentLogger, type Transport } from '@millrace/core/port'
import { loadCodecs } from '@millrace/protocol/internal'
import type { BrokerVersion } from './api/version-range.ts'
import { BrokerState, type NodeAddress } from './broker-state.ts'
import { EmbeddedTransport } from './network/embedded-transport.ts'
import { TcpListener, type TlsIdentity } from './network/tcp-listener.ts'
import { nodeClock, nodeDefer, nodeRandom, nodeTimers } from './platform.ts'
import { FileStorage } from './storage/file-storage.ts'
import type { LogStorage } from './storage/log-storage.ts'
import { MemoryStorage } from './storage/memory-storage.ts'
import type { Clock, Random, Timers } from './surroundings.ts'
import { BrokerConfig, type BrokerConfigInput } from './topic/broker-config.ts'

/** How the embedded broker is set up; everything has a default. */
export interface EmbeddedBrokerOptions {
  /** Where its logs are kept; without it they are in memory and gone at `close`. */
  readonly directory?: string
  /** Port on 127.0.0.1: a number, 0 for any free one, or false (default) for none. */
  readonly port?: number | false
  /** Release whose answers it gives: `4.x` (default; transactions V2) or `3.9`. */
  readonly version?: BrokerVersion
  /** Kafka's broker settings by name, e.g. `{ 'log.cleaner.backoff.ms': 200 }`. */
  readonly config?: BrokerConfigInput
  /** Password by user: clients over the port then have to authenticate with SASL PLAIN. */
  readonly users?: Readonly<Record<string, string>>
  /** Private key and certificate, PEM: clients over the port then have to speak TLS. */
  readonly tls?: TlsIdentity
  readonly clock?: Clock
  readonly timers?: Timers
  readonly random?: Random
  readonly logger?: Logger
}

/** Further set-up for tests and simulation. */
export interface EmbeddedBrokerParts extends EmbeddedBrokerOptions {
  /** Storage instead of `directory`. */
  readonly storage?: LogStorage
  /** Number of nodes (default 1); they share the logs and lead a part of the partitions each. */
  readonly nodes?: number
  /** Runs a step of the broker soon, after the caller has returned; default `setImmediate`. */
  readonly defer?: (run: () => void) => void
}

const host = '127.0.0.1'
const states: WeakMap<EmbeddedBroker, BrokerState> = new WeakMap()
const firstNodeId = 1
/** What Metadata says of a broker without a port. */
const noPort = 9092

/**
 * A running broker.
 *
 * @example
 * await using broker = await EmbeddedBroker.start({ port: 0 })
 * console.log(broker.bootstrap) // 127.0.0.1:40123, for any Kafka client
 */
export class EmbeddedBroker implements AsyncDisposable {
  readonly #state: BrokerState
  readonly #listeners: TcpListener[] = []
  readonly #transports: Set<EmbeddedTransport> = new Set()

  private constructor(state: BrokerState) {
    this.#state = state
    states.set(this, state)
  }

  /**
   * Starts a broker, with what its directory holds.
   *
   * @throws {MR_BROKER_DIRECTORY} (FatalError) the directory cannot be used, or another broker uses it
   * @throws {MR_BROKER_PORT} (FatalError) the port is taken
   * @throws {MR_CONFIG_UNKNOWN} {MR_CONFIG_INVALID} (ConfigError) a wrong setting
   */
  static async start(options: EmbeddedBrokerParts = {}): Promise<EmbeddedBroker> {
    const config = new BrokerConfig({ ...releaseDefaults(options.version), ...options.config })
    const nodes: NodeAddress[] = Array.from({ length: options.nodes ?? 1 }, (_, i) => {
      return { nodeId: firstNodeId + i, host, port: noPort + i, rack: null }
    })
    const storage = options.storage ?? storageOf(options.directory)
    const state = opened(storage, {
      release: options.version ?? '4.x',
      config,
      storage,
      surroundings: {
        clock: options.clock ?? nodeClock,
        timers: options.timers ?? nodeTimers,
        random: options.random ?? nodeRandom,
        logger: options.logger ?? silentLogger,
        defer: options.defer ?? nodeDefer,
      },
      nodes,
      keepsIdentity: options.directory !== undefined,
      users: new Map(Object.entries(options.users ?? {})),
    })
    const broker = new EmbeddedBroker(state)
    await loadCodecs()
    state.maintenance.start()
    try {
      if (options.port !== undefined && options.port !== false) await broker.#listen(options.port, options.tls)
    } catch (error) {
      await broker.close()
      throw error
    }
    return broker
  }

  /** `host:port` of the first node, for `bootstrap.servers` of any client. Only meaningful with a port. */
  get bootstrap(): string {
    const node = this.#state.nodes[0] as NodeAddress
    return `${node.host}:${node.port}`
  }

  /** True when its logs survive the process: state that applications keep on disk then goes with them. */
  get isPersistent(): boolean {
    return this.#state.storage.persistent
  }

  /** A transport of its own into this broker; closed with the broker at the latest. */
  transport(clientId: string = 'millrace'): Transport {
    const transport = new EmbeddedTransport(this.#state, clientId)
    this.#transports.add(transport)
    return transport
  }

  /** Stops: pending requests fail as from a broker that has gone, files are closed. Twice is harmless. */
  async close(): Promise<void> {
    if (this.#state.closed) return
    this.#state.close()
    await Promise.all([...this.#transports].map((transport) => transport.close()))
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** One port per node; with a fixed port the nodes take consecutive ones. */
  async #listen(port: number, tls?: TlsIdentity): Promise<void> {
    for (const [i, node] of this.#state.nodes.entries()) {
      const listener = new TcpListener(this.#state, node.nodeId, tls)
      node.port = await listener.listen(host, port === 0 ? 0 : port + i)
      this.#listeners.push(listener)
    }
  }
}

/** What a broker's request handlers work on; for tests and simulation. */
export function stateOf(broker: EmbeddedBroker): BrokerState {
  return states.get(broker) as BrokerState
}

/** What cannot be opened gives its directory back. */
function opened(storage: LogStorage, parts: ConstructorParameters<typeof BrokerState>[0]): BrokerState {
  try {
    return new BrokerState(parts)
  } catch (error) {
    storage.close()
    throw error
  }
}

function storageOf(directory: string | undefined): LogStorage {
  return directory === undefined ? new MemoryStorage() : new FileStorage(directory)
}

/** Defaults that differ between releases: since 4.0 timestamps more than an hour ahead are refused. */
function releaseDefaults(version: BrokerVersion | undefined): BrokerConfigInput {
  return version === '3.9' ? { 'log.message.timestamp.after.max.ms': '9223372036854775807' } : {}
}
