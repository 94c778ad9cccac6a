/** The processes of an application, each with a state directory of its own over all its lives. */
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Member } from './member.ts'
import type { Guarantee, MemberPlan } from './member-plan.ts'

export interface FleetPlan {
  readonly applicationId: string
  readonly kafka: string
  readonly guarantee: Guarantee
  /** Where states and logs are kept. */
  readonly directory: string
  readonly members: number
  /** How many of them are static members: a quick restart of theirs causes no rebalance. */
  readonly staticMembers: number
  readonly sessionTimeoutMs: number
  readonly transactionTimeoutMs: number
}

/** Commit intervals, drawn anew for each life: short ones are often met by a kill, long ones leave much unfinished. */
const commitIntervalsMs = [50, 150, 150, 400, 1_500]

export class Slot {
  readonly name: string
  readonly #plan: FleetPlan
  readonly #index: number
  readonly #random: () => number
  #member: Member | null = null
  /** A fault is at work on it. */
  isBusy = false
  lives = 0

  constructor(plan: FleetPlan, index: number, random: () => number) {
    this.name = 'abcdefghi'[index] ?? `m${index}`
    this.#plan = plan
    this.#index = index
    this.#random = random
  }

  get stateDirectory(): string {
    return join(this.#plan.directory, `state-${this.name}`)
  }

  get logDirectory(): string {
    return join(this.#plan.directory, `log-${this.name}`)
  }

  get member(): Member | null {
    return this.#member
  }

  get isRunning(): boolean {
    return this.#member !== null && !this.#member.isStopped && this.#member.state === 'RUNNING'
  }

  start(): Member {
    const plan = this.#plan
    mkdirSync(this.stateDirectory, { recursive: true })
    const interval = commitIntervalsMs[Math.floor(this.#random() * commitIntervalsMs.length)] ?? 150
    const memberPlan: MemberPlan = {
      applicationId: plan.applicationId,
      kafka: plan.kafka,
      stateDirectory: this.stateDirectory,
      guarantee: plan.guarantee,
      commitIntervalMs: interval,
      sessionTimeoutMs: plan.sessionTimeoutMs,
      transactionTimeoutMs: plan.transactionTimeoutMs,
      instance: this.#index < plan.staticMembers ? this.name : null,
    }
    this.#member = new Member(memberPlan, this.logDirectory, ++this.lives)
    return this.#member
  }

  forgetState(): void {
    rmSync(this.stateDirectory, { recursive: true, force: true })
  }

  /** Transactional id of its only worker; null before its first start. */
  get transactionalId(): string | null {
    try {
      const { applicationId } = this.#plan
      const file = join(this.stateDirectory, applicationId, 'process.json')
      const kept = JSON.parse(readFileSync(file, 'utf8')) as { processId: string }
      return `${applicationId}-${kept.processId}-0`
    } catch {
      return null
    }
  }
}

export class Fleet {
  readonly plan: FleetPlan
  readonly slots: readonly Slot[]

  constructor(plan: FleetPlan, random: () => number) {
    this.plan = plan
    this.slots = Array.from({ length: plan.members }, (_, index) => new Slot(plan, index, random))
  }

  /** A slot that no fault is at work on, running if there is one; null when all are taken. */
  pick(random: () => number): Slot | null {
    const free = this.slots.filter((slot) => !slot.isBusy && slot.member?.isOver === false)
    const running = free.filter((slot) => slot.isRunning)
    const from = running.length > 0 ? running : free
    return from[Math.floor(random() * from.length)] ?? null
  }

  /** Members that ended although nobody ended them. */
  endedUnasked(): Slot[] {
    return this.slots.filter((slot) => !slot.isBusy && slot.member?.isOver === true)
  }

  /** Resolves when all members say RUNNING. @returns false after `timeoutMs` */
  async running(timeoutMs: number): Promise<boolean> {
    for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += 50) {
      if (this.slots.every((slot) => slot.isRunning)) return true
      await sleep(50)
    }
    return false
  }

  async killAll(): Promise<void> {
    await Promise.all(this.slots.map(async (slot) => slot.member?.kill()))
  }
}
