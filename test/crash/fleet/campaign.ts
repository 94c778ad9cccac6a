/**
 * Rounds of faults on a fleet of processes and real brokers. After each round the inputs pause, everything must be worked
 * off, and outputs, tables, changelogs and committed offsets must be what the inputs give.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaClient } from 'millrace'
import type { KafkaCluster } from '@millrace/testing'
import { changelogsOf, countRecords, openCluster, openPartitions } from './clusters.ts'
import { drawFault, type FaultCounts, FaultMaker, type FaultWeights } from './faults.ts'
import { Feeder } from './feeder.ts'
import { Fleet } from './fleet.ts'
import { LogTail } from './log-tail.ts'
import type { Guarantee } from './member-plan.ts'
import { Model, type Violations } from './model.ts'
import { type FleetTopics, fleetTopics, partitions, type Sum } from './topics.ts'

export interface CampaignPlan {
  readonly applicationId: string
  readonly rounds: number
  /** Goes on beyond the rounds until so many processes were killed. */
  readonly kills?: number
  readonly seed: number
  readonly guarantee: Guarantee
  readonly kafka: string
  /** The brokers, where they may be killed. */
  readonly cluster: KafkaCluster | null
  readonly brokers: number
  readonly directory: string
  readonly members: number
  readonly staticMembers: number
  readonly recordsPerSecond: number
  /** Fewest and most faults of a round. */
  readonly faults: readonly [number, number]
  readonly weights: FaultWeights
  /** What happens in a round in place of drawn faults. */
  readonly script?: (stage: Stage) => Promise<void>
  /** Default 5 s. */
  readonly transactionTimeoutMs?: number
  readonly log?: (line: string) => void
}

/** What a scripted round works with. */
export interface Stage {
  readonly round: number
  readonly fleet: Fleet
  /** Partitions in which a transaction of the application is open. */
  readonly open: () => Promise<string[]>
}

export interface CampaignSummary extends Violations, FaultCounts {
  readonly roundsPassed: number
  readonly roundsFailed: number
  readonly faults: readonly string[]
  /** Input records, and records that the independent reader checked. */
  readonly inputs: number
  readonly records: number
  /** Under at-least-once: outputs that came again. */
  readonly again: number
  /** Records of aborted transactions in outputs and changelogs, none of them seen. */
  readonly abortedInLog: number
  readonly points: ReadonlyMap<string, number>
}

/** Everything must be worked off within this time after the last fault, ms. */
const convergeWithinMs = 120_000
/** Longest time between two faults of a round, ms. */
const faultGapMsMax = 900
const sessionTimeoutMs = 4_000
const transactionTimeoutMsDefault = 5_000

/** Numbers in [0, 1) from a seed. */
export function seeded(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export async function runCampaign(plan: CampaignPlan): Promise<CampaignSummary> {
  const campaign = new Campaign(plan)
  return campaign.run()
}

class Campaign {
  readonly #plan: CampaignPlan
  readonly #random: () => number
  readonly #topics: FleetTopics
  readonly #inputs: readonly string[]
  readonly #model: Model
  readonly #fleet: Fleet
  readonly #faults: FaultMaker
  readonly #troubles: string[] = []
  #passed = 0
  #failed = 0
  #abortedInLog = 0
  #hasChangelogs = false

  constructor(plan: CampaignPlan) {
    this.#plan = plan
    this.#random = seeded(plan.seed)
    this.#topics = fleetTopics(plan.applicationId)
    this.#inputs = [this.#topics.left.name, this.#topics.right.name]
    this.#model = new Model(this.#topics, plan.guarantee)
    const { applicationId, kafka, guarantee, directory, members, staticMembers } = plan
    const { transactionTimeoutMs = transactionTimeoutMsDefault } = plan
    this.#fleet = new Fleet(
      {
        applicationId,
        kafka,
        guarantee,
        directory,
        members,
        staticMembers,
        sessionTimeoutMs,
        transactionTimeoutMs,
      },
      this.#random,
    )
    this.#faults = new FaultMaker(this.#fleet, { cluster: plan.cluster, count: plan.brokers }, this.#random)
  }

  async run(): Promise<CampaignSummary> {
    const { kafka, directory, rounds, recordsPerSecond, guarantee } = this.#plan
    mkdirSync(directory, { recursive: true })
    await using client = new KafkaClient({ brokers: kafka.split(',') })
    await client.createTopics(Object.values(this.#topics), { partitions })
    await using tail = new LogTail(await openCluster(kafka), (record) => this.#model.take(record))
    for (const { name } of Object.values(this.#topics) as { name: string }[]) tail.follow(name)
    const open = async () => openCluster(kafka)
    const aborts = guarantee === 'exactly-once'
    const feeder = new Feeder({ topics: this.#topics, open, recordsPerSecond, aborts, startMs: Date.now() })
    try {
      for (const slot of this.#fleet.slots) slot.start()
      const isDone = (round: number): boolean => round > rounds && this.#faults.counts.kills >= (this.#plan.kills ?? 0)
      for (let round = 1; !isDone(round); round++) await this.#round(round, feeder, tail)
      await feeder.close()
      await this.#end(tail)
    } finally {
      await feeder.close().catch(() => undefined)
      await this.#fleet.killAll()
    }
    return {
      ...this.#model.violations,
      ...this.#faults.counts,
      roundsPassed: this.#passed,
      roundsFailed: this.#failed,
      faults: [...this.#model.faults, ...this.#troubles],
      inputs: this.#model.inputs,
      records: tail.records,
      again: this.#model.again,
      abortedInLog: this.#abortedInLog,
      points: this.#faults.points,
    }
  }

  async #round(round: number, feeder: Feeder, tail: LogTail): Promise<void> {
    const faultsBefore = this.#faultCount
    feeder.resume()
    await this.#someRun()
    const done =
      this.#plan.script === undefined ? await this.#drawn(round) : await this.#scripted(round, this.#plan.script)
    const fromMs = performance.now()
    await feeder.pause()
    await this.#converge(round, tail)
    const seconds = ((performance.now() - fromMs) / 1000).toFixed(1)
    const isPassed = this.#faultCount === faultsBefore
    if (isPassed) this.#passed++
    else this.#failed++
    const { lost, twice, abortedVisible, wrong } = this.#model.violations
    this.#plan.log?.(
      `round ${round} ${isPassed ? 'passed' : 'FAILED'}, ${this.#faults.counts.kills} kills: ${done.join('; ')}; all done after ${seconds} s; ` +
        `${this.#model.inputs} inputs, lost ${lost}, twice ${twice}, aborted visible ${abortedVisible}, wrong ${wrong}`,
    )
    if (isPassed) return
    for (const fault of [...this.#model.faults, ...this.#troubles]) this.#plan.log?.(`  ${fault}`)
    for (const failure of feeder.failures) this.#plan.log?.(`  the feeder failed ${failure}`)
    const { kafka, applicationId } = this.#plan
    const names = Object.values(this.#topics).map(({ name }) => name as string)
    for (const open of await openPartitions(kafka, [...names, ...(await changelogsOf(kafka, applicationId))]))
      this.#plan.log?.(`  open: ${open}`)
  }

  /** Draws faults and lets them happen side by side. @returns what was done */
  async #drawn(round: number): Promise<string[]> {
    const [least, most] = this.#plan.faults
    const count = least + Math.floor(this.#random() * (most - least + 1))
    const work: Promise<void>[] = []
    const done: string[] = []
    for (let i = 0; i < count; i++) {
      await sleep(this.#random() * faultGapMsMax)
      const kind = drawFault(this.#plan.weights, this.#random)
      work.push(
        this.#faults.make(kind).then(
          (text) => void (text === null ? undefined : done.push(text.trim())),
          (error: unknown) => this.#trouble(`round ${round}: ${kind}: ${String(error)}`),
        ),
      )
    }
    await Promise.all(work)
    return done
  }

  async #scripted(round: number, script: (stage: Stage) => Promise<void>): Promise<string[]> {
    const all = Object.values(this.#topics).map(({ name }) => name as string)
    const names = all.filter((name) => !this.#inputs.includes(name))
    const open = async (): Promise<string[]> => openPartitions(this.#plan.kafka, names)
    await script({ round, fleet: this.#fleet, open })
    return ['scripted']
  }

  get #faultCount(): number {
    const { lost, twice, abortedVisible, wrong } = this.#model.violations
    return lost + twice + abortedVisible + wrong + this.#troubles.length
  }

  async #someRun(): Promise<void> {
    for (let waitedMs = 0; waitedMs < 20_000; waitedMs += 50) {
      if (this.#fleet.slots.some((slot) => slot.isRunning)) return
      await sleep(50)
    }
  }

  /** Waits until every output is there and every table is the model's; what is not after the limit is a violation. */
  async #converge(round: number, tail: LogTail): Promise<void> {
    const deadlineMs = performance.now() + convergeWithinMs
    const isLate = (): boolean => performance.now() > deadlineMs
    let missing: string | null = ''
    while ((missing = await this.#missing(tail)) !== null && !isLate()) await sleep(100)
    if (missing !== null) this.#trouble(`round ${round}: not done after ${convergeWithinMs} ms: ${missing}`)
    // Once more: what comes behind the last output that was due is too much.
    await tail.catchUp()
    let differences: string[] = []
    do {
      if (differences.length > 0) await sleep(200)
      differences = await this.#stateDifferences()
      this.#restartEnded(round)
    } while (differences.length > 0 && !isLate())
    for (const difference of differences.slice(0, 5)) this.#trouble(`round ${round}: state: ${difference}`)
    await this.#compareOffsets(round)
  }

  async #missing(tail: LogTail): Promise<string | null> {
    const { kafka, applicationId } = this.#plan
    await tail.catchUp()
    if (!this.#hasChangelogs) {
      const changelogs = await changelogsOf(kafka, applicationId)
      // counts, sums, ticks and both sides of the join
      if (changelogs.length === 5) {
        this.#hasChangelogs = true
        for (const name of changelogs) tail.follow(name)
      }
      return 'changelogs'
    }
    this.#restartEnded(0)
    return this.#model.missing()
  }

  /** Nobody may end by itself; who did is started again, so that the round can go on. */
  #restartEnded(round: number): void {
    for (const slot of this.#fleet.endedUnasked()) {
      this.#trouble(`round ${round}: ${slot.name} ended with ${slot.member?.exit}: ${slot.member?.failure ?? ''}`)
      slot.start()
    }
  }

  async #stateDifferences(): Promise<string[]> {
    const dumps = await Promise.all(this.#fleet.slots.map(async (slot) => slot.member?.dump() ?? null))
    const tasks = new Set<string>()
    const counts: Record<string, number> = {}
    const sums: Record<string, Sum> = {}
    for (const dump of dumps) {
      if (dump === null) return ['a process does not run']
      for (const task of dump.tasks) {
        if (tasks.has(task)) return [`two processes have task ${task}`]
        tasks.add(task)
      }
      Object.assign(counts, dump.counts)
      Object.assign(sums, dump.sums)
    }
    if (tasks.size !== 2 * partitions) return [`${tasks.size} tasks run`]
    return this.#model.differences(counts, sums)
  }

  /** The group must have committed everything, and nothing that is not there. */
  async #compareOffsets(round: number): Promise<void> {
    const { kafka, applicationId } = this.#plan
    await using client = new KafkaClient({ brokers: kafka.split(',') })
    for (let tries = 0; ; tries++) {
      const behind = (await client.lag(applicationId, this.#inputs)).filter(({ committed, end }) => committed !== end)
      if (behind.length === 0) return
      // A marker may stand behind the last record; offsets follow with the next commit.
      const wrong = behind.filter(({ committed, end }) => committed > end || end - committed > 8)
      if (wrong.length === 0) return
      if (tries === 50) {
        for (const { topic, partition, committed, end } of wrong.slice(0, 3)) {
          this.#trouble(`round ${round}: ${committed} of ${end} is committed of ${topic}-${partition}`)
        }
        return
      }
      await sleep(200)
    }
  }

  /** A clean end; then nothing is open, and a process without state gets the same tables from the changelogs. */
  async #end(tail: LogTail): Promise<void> {
    const { kafka, applicationId, directory, guarantee } = this.#plan
    const codes = await Promise.all(this.#fleet.slots.map(async (slot) => slot.member?.close('leave')))
    for (const code of codes) if (code !== 0) this.#trouble(`a process closed with ${code}`)
    await tail.catchUp()
    this.#model.judgeEnd()
    const topics = [
      ...Object.values(this.#topics),
      ...(await changelogsOf(kafka, applicationId)).map((name) => ({ name })),
    ]
    const names = topics.map(({ name }) => name as string)
    let open = await openPartitions(kafka, names)
    for (
      let waitedMs = 0;
      open.length > 0 && waitedMs < this.#fleet.plan.transactionTimeoutMs + 15_000;
      waitedMs += 200
    ) {
      await sleep(200)
      open = await openPartitions(kafka, names)
    }
    if (open.length > 0) this.#trouble(`a transaction hangs in ${open.join(', ')}`)
    if (guarantee === 'exactly-once') {
      for (const name of names.filter((one) => !this.#inputs.includes(one))) {
        this.#abortedInLog += await countRecords(kafka, name, 'read_uncommitted')
        this.#abortedInLog -= await countRecords(kafka, name, 'read_committed')
      }
    }
    const successor = new Fleet(
      { ...this.#fleet.plan, directory: join(directory, 'successor'), members: 1, staticMembers: 0 },
      this.#random,
    )
    const [slot] = successor.slots
    try {
      slot?.start()
      if (!(await successor.running(convergeWithinMs))) this.#trouble('a process without state does not come up')
      const dump = await slot?.member?.dump()
      if (dump == null) this.#trouble('a process without state cannot be asked')
      else this.#model.compareTables('a process without state', dump.counts, dump.sums)
    } finally {
      await successor.killAll()
    }
  }

  #trouble(text: string): void {
    if (this.#troubles.length < 40) this.#troubles.push(text)
  }
}

/** Lines for people. */
export function campaignLines(summary: CampaignSummary): string[] {
  const { kills, killsAtPoints, stops, closes, brokerKills, coordinatorKills } = summary
  const points = [...summary.points].toSorted(([a], [b]) => a.localeCompare(b)).map(([name, n]) => `${name} ${n}`)
  return [
    `${kills} kills of processes and ${stops} suspensions, ${killsAtPoints} of them at chosen points; ` +
      `${brokerKills} kills of brokers, ${coordinatorKills} of them coordinators; ${closes} clean closes`,
    `points: ${points.join(', ')}`,
    `${summary.inputs} input records, ${summary.records} records checked; records of aborted transactions in ` +
      `outputs and changelogs: ${summary.abortedInLog}; came again: ${summary.again}`,
    `lost ${summary.lost}, twice ${summary.twice}, aborted visible ${summary.abortedVisible}, wrong ${summary.wrong}`,
    ...summary.faults.map((fault) => `FAULT ${fault}`),
  ]
}
