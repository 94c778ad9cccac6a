/**
 * The network between virtual processes and the virtual cluster: the transport port with seeded delays and faults, straight
 * into the embedded broker's connections.
 *
 * On one connection requests arrive in order and are answered in order; fetches have a connection of their own, as the port
 * says; between connections anything may overtake. A connection that breaks fails everything that waits on it, and the
 * caller cannot tell what was carried out. Nor when: a request may also arrive long after its connection broke.
 */
import { RetriableError } from '@millrace/core'
import type {
  Cancellable,
  SendOptions,
  Transport,
  TransportChannel,
  TransportNode,
  TransportRole,
} from '@millrace/core/port'
import type { Connection } from '@millrace/broker/internal'
import { apiByKey } from '@millrace/protocol/internal'
import type { Partitions } from './partitions.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { Trace } from './trace.ts'
import type { VirtualCluster } from './virtual-cluster.ts'
import { never, type VirtualProcess } from './virtual-process.ts'
import type { VirtualTime } from './virtual-time.ts'

/** What goes wrong on the way; probabilities are per request. */
export interface NetworkFaults {
  /** One way, ms: between these, skewed to the lower. */
  delayMs: readonly [least: number, most: number]
  /** The connection breaks before the broker gets the request. */
  lostRequests: number
  /** The connection breaks, and the broker gets the request all the same, up to `lateMs` later. */
  lateRequests: number
  lateMs: number
  /** The broker has acted; the connection breaks before the answer. */
  lostAnswers: number
  /** The broker has acted; the answer never comes, and the connection stays: the caller runs into its timeout. */
  silentAnswers: number
}

export const quietNetwork: NetworkFaults = {
  delayMs: [0, 2],
  lostRequests: 0,
  lateRequests: 0,
  lateMs: 15_000,
  lostAnswers: 0,
  silentAnswers: 0,
}

/** What the network stands in. */
export interface NetworkWorld {
  readonly time: VirtualTime
  readonly random: SeededRandom
  readonly trace: Trace
  readonly cluster: VirtualCluster
  /** Read at each request, so that a scenario changes them while it runs. */
  readonly faults: NetworkFaults
  readonly partitions: Partitions
}

const fetchApiKey = 1
const timeoutMsDefault = 30_000

/** The transport of one life of a process. */
export function virtualTransport(process: VirtualProcess, world: NetworkWorld): Transport {
  return {
    open: async (role) => new VirtualChannel(role, process, world),
    close: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  }
}

interface Waiting {
  readonly label: string
  readonly timer: Cancellable
  resolve(answer: Uint8Array): void
  reject(error: Error): void
}

class VirtualChannel implements TransportChannel {
  private readonly role: TransportRole
  private readonly process: VirtualProcess
  private readonly world: NetworkWorld
  private readonly links = new Map<string, Link>()
  private anyNode = 0
  private closed = false

  constructor(role: TransportRole, process: VirtualProcess, world: NetworkWorld) {
    this.role = role
    this.process = process
    this.world = world
  }

  // oxlint-disable-next-line max-params -- the port's signature
  async send(
    node: TransportNode,
    apiKey: number,
    version: number,
    body: Uint8Array,
    options?: SendOptions,
  ): Promise<Uint8Array> {
    const label = `${this.role} ${apiByKey(apiKey)?.name ?? apiKey}`
    this.world.trace.bytes(body)
    if (!this.process.passes(`send ${label}`)) return never()
    if (this.closed) throw disconnected(node, 'the channel is closed')
    const timeoutMs = options?.timeoutMs ?? timeoutMsDefault
    const request = { apiKey, version, bytes: body.slice() }
    return new Promise<Uint8Array>((resolve, reject) => {
      // Later, if the process was stopped just here.
      this.process.enter(() => {
        const link = this.link(this.numberOf(node), apiKey === fetchApiKey ? 'fetch' : 'other')
        const timer = this.process.timers.after(timeoutMs, () => link.timedOut(waiting, label, timeoutMs))
        const waiting: Waiting = { label, timer, resolve, reject }
        link.send(waiting, request)
      })
    })
  }

  learn(): void {
    // Nodes are reached by their number.
  }

  async close(): Promise<void> {
    if (this.closed) return
    this.closed = true
    for (const link of this.links.values()) link.break('the channel was closed')
  }

  /** Whichever broker answered last is asked again, until its connection breaks. */
  private numberOf(node: TransportNode): number {
    if (node !== 'any') return node
    if (this.links.get(`${this.anyNode} other`)?.isBroken !== false) this.anyNode = this.world.cluster.anyNode()
    return this.anyNode
  }

  private link(nodeId: number, kind: string): Link {
    const key = `${nodeId} ${kind}`
    let link = this.links.get(key)
    if (link === undefined || link.isBroken) {
      link = new Link(nodeId, this.process, this.world)
      this.links.set(key, link)
    }
    return link
  }
}

/** One connection until it breaks. */
class Link {
  isBroken = false
  private readonly nodeId: number
  private readonly process: VirtualProcess
  private readonly world: NetworkWorld
  private readonly waiting = new Set<Waiting>()
  private readonly brokerSide: Connection | null
  /** When the last request, and the last answer, arrive: later ones never overtake. */
  private requestMs = 0
  private answerMs = 0

  constructor(nodeId: number, process: VirtualProcess, world: NetworkWorld) {
    this.nodeId = nodeId
    this.process = process
    this.world = world
    this.brokerSide = world.cluster.connect(nodeId, () => this.break('the broker has gone'))
  }

  send(waiting: Waiting, request: { apiKey: number; version: number; bytes: Uint8Array }): void {
    const { random, faults } = this.world
    this.waiting.add(waiting)
    const { brokerSide } = this
    if (brokerSide === null) {
      this.break('connection refused')
      return
    }
    let dice = random.next() - faults.lostRequests
    if (dice < 0) {
      this.break('the connection broke')
      return
    }
    const submit = (): void =>
      brokerSide.submit({
        ...request,
        clientId: this.process.name,
        done: (outcome) => {
          if (outcome === 'disconnect') this.break('the broker closed the connection')
          else if (outcome !== 'silent') this.answer(waiting, outcome, dice)
        },
      })
    dice -= faults.lateRequests
    if (dice < 0) {
      this.world.time.after(faults.lateMs * random.next() ** 2, submit)
      this.break('the connection broke')
      return
    }
    this.requestMs = this.arrival(this.requestMs)
    this.world.time.after(this.requestMs - this.world.time.nowMs, () => this.crossing('request', submit))
  }

  timedOut(waiting: Waiting, api: string, timeoutMs: number): void {
    if (!this.waiting.delete(waiting)) return
    const details = { broker: `broker ${this.nodeId}`, api, timeoutMs }
    waiting.reject(new RetriableError('MR_TRANSPORT_TIMEOUT', details))
  }

  /** Everything that waits fails, a little later. */
  break(reason: string): void {
    if (this.isBroken) return
    this.isBroken = true
    this.world.time.after(this.oneWay(), () => this.process.enter(() => this.failAll(reason)))
  }

  private answer(waiting: Waiting, bytes: Uint8Array, dice: number): void {
    const { faults, time, trace } = this.world
    if (this.isBroken || !this.waiting.has(waiting)) return
    const left = dice - faults.lostAnswers
    if (left < 0) {
      this.break('the connection broke before the answer')
      return
    }
    if (left < faults.silentAnswers) {
      // A half-open connection is noticed in the end.
      this.world.time.after(faults.lateMs, () => this.break('the connection was half open'))
      return
    }
    const copy = bytes.slice()
    trace.bytes(copy)
    const arrive = (): void =>
      this.process.enter(() => {
        if (!this.waiting.delete(waiting)) return
        waiting.timer.cancel()
        if (this.process.passes(`answer ${waiting.label}`)) this.process.enter(() => waiting.resolve(copy))
      })
    this.answerMs = this.arrival(this.answerMs)
    time.after(this.answerMs - time.nowMs, () => this.crossing('answer', arrive))
  }

  /** A partition holds up what is on the way until it ends: TCP sends it again then. */
  private crossing(direction: 'request' | 'answer', pass: () => void): void {
    const machine = this.process.name.split('/')[0] ?? ''
    if (!this.world.partitions.hold({ machine, node: this.nodeId, direction }, pass)) pass()
  }

  private failAll(reason: string): void {
    for (const waiting of this.waiting) {
      waiting.timer.cancel()
      waiting.reject(disconnected(this.nodeId, reason))
    }
    this.waiting.clear()
  }

  private arrival(earlierMs: number): number {
    return Math.max(this.world.time.nowMs + this.oneWay(), earlierMs)
  }

  private oneWay(): number {
    const [least, most] = this.world.faults.delayMs
    return least + (most - least) * this.world.random.next() ** 3
  }
}

function disconnected(node: TransportNode, reason: string): RetriableError {
  return new RetriableError('MR_TRANSPORT_DISCONNECTED', { broker: `broker ${node}`, reason })
}
