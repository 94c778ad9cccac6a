/**
 * The network between a virtual process and its brokers: the transport port with seeded delays and faults around another
 * transport (the embedded broker's).
 *
 * Requests of one channel reach a broker in order and are answered in order (fetches on a connection of their own, as the
 * port says); between channels anything may overtake. A broken connection may have carried the request or not: the caller
 * cannot tell, which is the point.
 */
import { RetriableError } from '@millrace/core'
import type {
  BrokerAddress,
  SendOptions,
  Transport,
  TransportChannel,
  TransportNode,
  TransportRole,
} from '@millrace/core/port'
import type { SeededRandom } from './seeded-random.ts'
import { never, type VirtualProcess } from './virtual-process.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface NetworkFaults {
  /** One way, ms: between these, skewed to the lower. */
  delayMs: readonly [least: number, most: number]
  /** Share of requests whose connection breaks before the broker gets them. */
  lostRequests: number
  /** Share whose answer is lost: the broker has acted. */
  lostResponses: number
}

export const quietNetwork: NetworkFaults = { delayMs: [0, 2], lostRequests: 0, lostResponses: 0 }

export interface NetworkWorld {
  readonly time: VirtualTime
  readonly random: SeededRandom
  /** Read at each request, so that a scenario changes them while it runs. */
  readonly faults: NetworkFaults
}

const fetchApiKey = 1

/** The transport of one process. */
export function virtualNetwork(inner: Transport, process: VirtualProcess, world: NetworkWorld): Transport {
  return {
    open: async (role) => new VirtualChannel(await inner.open(role), role, process, world),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

class VirtualChannel implements TransportChannel {
  private readonly inner: TransportChannel
  private readonly role: TransportRole
  private readonly process: VirtualProcess
  private readonly world: NetworkWorld
  /** When the last request, and the last answer, of each connection arrive: later ones never overtake. */
  private readonly arrivals = new Map<string, number>()
  private closed = false

  constructor(inner: TransportChannel, role: TransportRole, process: VirtualProcess, world: NetworkWorld) {
    this.inner = inner
    this.role = role
    this.process = process
    this.world = world
  }

  async send(
    node: TransportNode,
    apiKey: number,
    version: number,
    body: Uint8Array,
    options?: SendOptions,
  ): Promise<Uint8Array> {
    const label = `${this.role} ${apiKey}`
    if (!this.process.passes(`send ${label}`)) return await never()
    if (this.closed) throw disconnected(node, 'the channel is closed')
    const { random, faults } = this.world
    const connection = `${node}/${apiKey === fetchApiKey ? 'fetch' : 'other'}`
    const fate = random.next()
    const bytes = body.slice()
    return await new Promise<Uint8Array>((resolve, reject) => {
      const settle = (run: () => void): void => this.process.enter(run)
      if (fate < faults.lostRequests) {
        this.deliver(`${connection} answer`, () => settle(() => reject(disconnected(node, 'the connection broke'))))
        return
      }
      this.deliver(`${connection} request`, () => {
        void this.inner.send(node, apiKey, version, bytes, options).then(
          (response) => {
            const copy = response.slice()
            this.deliver(`${connection} answer`, () => {
              if (fate < faults.lostRequests + faults.lostResponses)
                settle(() => reject(disconnected(node, 'the connection broke before the answer')))
              else if (this.process.passes(`answer ${label}`)) settle(() => resolve(copy))
            })
          },
          (error: unknown) => this.deliver(`${connection} answer`, () => settle(() => reject(error))),
        )
      })
    })
  }

  learn(brokers: readonly BrokerAddress[]): void {
    this.inner.learn(brokers)
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    await this.inner.close()
  }

  /** Runs `run` after one way through the network, never before what was sent earlier in this direction. */
  private deliver(direction: string, run: () => void): void {
    const { time, random, faults } = this.world
    const [least, most] = faults.delayMs
    const skewed = least + (most - least) * random.next() ** 3
    const arrivalMs = Math.max(time.nowMs + skewed, this.arrivals.get(direction) ?? 0)
    this.arrivals.set(direction, arrivalMs)
    time.after(arrivalMs - time.nowMs, run)
  }
}

function disconnected(node: TransportNode, reason: string): RetriableError {
  return new RetriableError('MR_TRANSPORT_DISCONNECTED', { broker: `broker ${node}`, reason })
}
