/** The faults of a round: what is done to processes and brokers, at random moments and at chosen points of their work. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaCluster } from '@millrace/testing'
import { coordinatorOf, isInSync } from './clusters.ts'
import type { Fleet, Slot } from './fleet.ts'
import { commitPoints, killPoints } from './kill-points.ts'

/** Kinds of faults. */
export type FaultKind =
  | 'kill'
  | 'kill-at'
  | 'kill-twice'
  | 'kill-fresh'
  | 'kill-all'
  | 'stop'
  | 'stop-at'
  | 'close'
  | 'broker'

/** How often each kind is drawn, relative to the others. */
export type FaultWeights = Readonly<Partial<Record<FaultKind, number>>>

export interface FaultCounts {
  kills: number
  killsAtPoints: number
  stops: number
  closes: number
  brokerKills: number
  coordinatorKills: number
}

/** Longest wait for an armed point, ms; then the process is killed or stopped where it is. */
const pointWithinMs = 5_000
const downMsMax = 2_500
/** A clean end takes no longer, ms. */
const closeWithinMs = 30_000
/** Replicas of every topic. */
const replicas = 3

export class FaultMaker {
  readonly counts: FaultCounts = {
    kills: 0,
    killsAtPoints: 0,
    stops: 0,
    closes: 0,
    brokerKills: 0,
    coordinatorKills: 0,
  }
  /** How often each point was hit. */
  readonly points = new Map<string, number>()
  readonly #fleet: Fleet
  readonly #cluster: KafkaCluster | null
  readonly #brokers: number
  readonly #random: () => number
  #brokerDown: Promise<void> | null = null

  constructor(fleet: Fleet, brokers: { cluster: KafkaCluster | null; count: number }, random: () => number) {
    this.#fleet = fleet
    this.#cluster = brokers.cluster
    this.#brokers = brokers.count
    this.#random = random
  }

  /** Does one fault. @returns what it did, null when nothing was there to do it to */
  async make(kind: FaultKind): Promise<string | null> {
    if (kind === 'broker') return this.#brokerFault()
    if (kind === 'kill-all') return this.#killAll()
    const slot = this.#fleet.pick(this.#random)
    if (slot === null) return null
    slot.isBusy = true
    try {
      switch (kind) {
        case 'kill':
          return await this.#kill(slot)
        case 'kill-at':
          return await this.#killAt(slot)
        case 'kill-twice':
          return await this.#killTwice(slot)
        case 'kill-fresh':
          return await this.#killFresh(slot)
        case 'stop':
          return await this.#stop(slot)
        case 'stop-at':
          return await this.#stopAt(slot)
        case 'close':
          return await this.#close(slot)
        default:
          return null
      }
    } finally {
      slot.isBusy = false
    }
  }

  async #kill(slot: Slot): Promise<string> {
    await slot.member?.kill()
    this.counts.kills++
    return `kill ${slot.name} ${await this.#restart(slot)}`
  }

  async #killAt(slot: Slot): Promise<string> {
    const { member } = slot
    const point = this.#point()
    member?.arm({ point, nth: 1 + this.#below(4), signal: 'SIGKILL' })
    for (let waitedMs = 0; waitedMs < pointWithinMs && member?.isOver === false; waitedMs += 20) await sleep(20)
    await member?.kill()
    this.counts.kills++
    return `kill ${slot.name} ${this.#hit(slot, point)} ${await this.#restart(slot)}`
  }

  /** Once more while it starts or restores. */
  async #killTwice(slot: Slot): Promise<string> {
    await slot.member?.kill()
    const member = slot.start()
    const afterMs = this.#below(2_000)
    await sleep(afterMs)
    await member.kill()
    this.counts.kills += 2
    return `kill ${slot.name}, again ${afterMs} ms after its start ${await this.#restart(slot)}`
  }

  async #killFresh(slot: Slot): Promise<string> {
    await slot.member?.kill()
    this.counts.kills++
    slot.forgetState()
    return `kill ${slot.name} and lose its state ${await this.#restart(slot)}`
  }

  async #killAll(): Promise<string | null> {
    const slots = this.#fleet.slots.filter((slot) => !slot.isBusy && slot.member?.isOver === false)
    if (slots.length === 0) return null
    for (const slot of slots) slot.isBusy = true
    await Promise.all(slots.map(async (slot) => slot.member?.kill()))
    this.counts.kills += slots.length
    const restarts = await Promise.all(
      slots.map(async (slot) => {
        const text = await this.#restart(slot)
        slot.isBusy = false
        return text
      }),
    )
    return `kill ${slots.map(({ name }) => name).join(' ')} at once ${restarts[0]}`
  }

  async #stop(slot: Slot): Promise<string> {
    const { member } = slot
    member?.stop()
    const ms = await this.#asleep(slot)
    return `stop ${slot.name} ${ms} ms`
  }

  async #stopAt(slot: Slot): Promise<string> {
    const { member } = slot
    const point = this.#point()
    member?.arm({ point, nth: 1 + this.#below(4), signal: 'SIGSTOP' })
    for (let waitedMs = 0; waitedMs < pointWithinMs && member?.reached == null; waitedMs += 20) await sleep(20)
    member?.stop()
    const text = this.#hit(slot, point)
    return `stop ${slot.name} ${text} ${await this.#asleep(slot)} ms`
  }

  /** Most often beyond session and transaction timeout, so that it wakes up as a zombie; sometimes within the session. */
  async #asleep(slot: Slot): Promise<number> {
    const { sessionTimeoutMs, transactionTimeoutMs } = this.#fleet.plan
    const longMs = Math.max(sessionTimeoutMs, transactionTimeoutMs) + 500 + this.#below(3_000)
    const ms = this.#random() < 0.7 ? longMs : this.#below(sessionTimeoutMs)
    await sleep(ms)
    slot.member?.proceed()
    this.counts.stops++
    return ms
  }

  async #close(slot: Slot): Promise<string> {
    const how = this.#random() < 0.5 ? 'leave' : 'stay'
    const { member } = slot
    const code = await Promise.race([member?.close(how), sleep(closeWithinMs, 'too slow', { ref: false })])
    if (code === 'too slow') await member?.kill()
    this.counts.closes++
    if (code !== 0) throw new Error(`${slot.name} closed with ${code}: ${member?.failure ?? ''}`)
    return `close ${slot.name} (${how}) ${await this.#restart(slot)}`
  }

  /**
   * One broker at a time, and only while all replicas are in sync, so that no partition is ever without a leader: Kafka
   * (seen on 4.3.1) drops the markers of transactions that it ends while their partitions have none.
   */
  async #brokerFault(): Promise<string | null> {
    const cluster = this.#cluster
    if (cluster === null || this.#brokers < 3 || this.#brokerDown !== null) return null
    let end: () => void = () => undefined
    this.#brokerDown = new Promise((resolve) => {
      end = resolve
    })
    try {
      if (!(await this.#allInSync(replicas))) return null
      const [node, role] = await this.#chooseBroker()
      const downMs = 300 + this.#below(7_000)
      await cluster.kill(node)
      this.counts.brokerKills++
      if (role !== '') this.counts.coordinatorKills++
      await sleep(downMs)
      await cluster.restart(node)
      await this.#allInSync(replicas)
      return `broker ${node}${role} killed for ${downMs} ms`
    } finally {
      this.#brokerDown = null
      end()
    }
  }

  async #allInSync(count: number): Promise<boolean> {
    const { kafka } = this.#fleet.plan
    for (let tries = 0; tries < 300; tries++) {
      if (await isInSync(kafka, count)) return true
      await sleep(100)
    }
    return false
  }

  async #chooseBroker(): Promise<[number, string]> {
    const { applicationId, kafka } = this.#fleet.plan
    const draw = this.#random()
    const id = this.#fleet.slots[this.#below(this.#fleet.slots.length)]?.transactionalId ?? null
    if (draw < 0.35 && id !== null) {
      const node = await coordinatorOf(kafka, 'transaction', id)
      if (node !== null) return [node, ' (transaction coordinator)']
    }
    if (draw < 0.65) {
      const node = await coordinatorOf(kafka, 'group', applicationId)
      if (node !== null) return [node, ' (group coordinator)']
    }
    return [this.#below(this.#brokers), '']
  }

  /** Starts it again: at once, after a while, or after its session is over. */
  async #restart(slot: Slot): Promise<string> {
    const draw = this.#random()
    const downMs = draw < 0.5 ? 0 : draw < 0.9 ? this.#below(downMsMax) : this.#fleet.plan.sessionTimeoutMs + 500
    await sleep(downMs)
    slot.start()
    return downMs === 0 ? '' : `(${downMs} ms down)`
  }

  #hit(slot: Slot, point: string): string {
    if (slot.member?.reached == null) return `at random (${point} did not come)`
    this.counts.killsAtPoints++
    this.points.set(point, (this.points.get(point) ?? 0) + 1)
    return `at ${point}`
  }

  #point(): string {
    const from = this.#random() < 0.85 ? commitPoints : killPoints
    return from[this.#below(from.length)] ?? 'end:sent'
  }

  #below(n: number): number {
    return Math.floor(this.#random() * n)
  }
}

/** A kind by its weight. */
export function drawFault(weights: FaultWeights, random: () => number): FaultKind {
  const all = Object.entries(weights) as [FaultKind, number][]
  let at = random() * all.reduce((sum, [, weight]) => sum + weight, 0)
  for (const [kind, weight] of all) {
    at -= weight
    if (at < 0) return kind
  }
  return 'kill'
}

/** Everything, as in the full form. */
export const fullWeights: FaultWeights = {
  'kill-at': 6,
  kill: 4,
  'kill-twice': 4,
  'kill-fresh': 1,
  'kill-all': 2,
  'stop-at': 1,
  stop: 0.6,
  close: 0.6,
  broker: 1.6,
}

/** Kills of processes alone, as in the quick form. */
export const killWeights: FaultWeights = { 'kill-at': 6, kill: 2, 'kill-twice': 0.5 }
