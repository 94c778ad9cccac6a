/**
 * Rounds of kill −9: start the program, kill it at a random moment, start it again; then compare what it counted with what
 * was written, and what each start had to do again with what the life before had left unfinished.
 */
import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaClient } from 'millrace'
import { feed } from './feeder.ts'
import type { ArmedPoint } from './fleet/kill-points.ts'
import { applicationId, type Guarantee, input, keyOf, output, type ProgramPlan } from './plan.ts'
import { Program } from './program.ts'
import { type ProgressEntry, readProgress } from './progress.ts'

export interface KillPlan {
  readonly rounds: number
  readonly seed: number
  readonly guarantee: Guarantee
  /** `host:port`; null = an embedded broker in the killed process. */
  readonly kafka: string | null
  /** Where everything is kept; it must be empty. */
  readonly directory: string
  readonly commitIntervalMs?: number
  /** Points of a commit where it dies once it runs, in place of random moments; on a real cluster. */
  readonly points?: readonly string[]
  readonly log?: (line: string) => void
}

/** What was seen over all rounds; `faults` is empty when everything held. */
export interface KillSummary {
  readonly rounds: number
  readonly faults: readonly string[]
  readonly inputRecords: number
  /** Counted too often, over all keys. */
  readonly duplicates: number
  /** Records that starts had to process again, over all starts: what duplicates may be at most. */
  readonly reprocessed: number
  readonly reprocessedMax: number
  /** Most changelog records that a start with its state read. */
  readonly restoredMax: number
  readonly restoredFromScratch: readonly number[]
  readonly killsBeforeRunning: number
  /** Records processed since the last commit at the moment of a kill: the most, over all rounds. */
  readonly unfinishedMax: number
}

const partitions = 2
/** Latest moment of a kill, after the start or after RUNNING, ms. */
const killWithinMs = 1_500
/** Longest wait for a point, ms. */
const pointWithinMs = 5_000
/** Pauses between commits: short, so that a kill often meets one. */
const commitMs = 150

export async function killRounds(plan: KillPlan): Promise<KillSummary> {
  const run = new KillRun(plan)
  return run.run()
}

/** What a life left behind. */
interface Remains {
  /** Offset after the last processed record, by partition; −1 where nothing was processed. */
  readonly processedTo: readonly number[]
  /** Complete commits when the last record was processed. */
  readonly commits: number
  /** Records processed since the last complete commit. */
  readonly unfinished: readonly ProgressEntry[]
}

class KillRun {
  readonly #plan: KillPlan
  readonly #random: () => number
  readonly #faults: string[] = []
  readonly #repeatable = new Map<string, number>()
  readonly #fromScratch: number[] = []
  #remains: Remains = { processedTo: Array<number>(partitions).fill(-1), commits: 0, unfinished: [] }
  /** The state was deleted, and no life since has restored all of it. */
  #isIncomplete = false
  #lives = 0
  #acked: readonly number[] = Array<number>(partitions).fill(0)
  #reprocessed = 0
  #reprocessedMax = 0
  #restoredMax = 0
  #unfinishedMax = 0
  #early = 0

  constructor(plan: KillPlan) {
    this.#plan = plan
    this.#random = seeded(plan.seed)
  }

  async run(): Promise<KillSummary> {
    const { kafka, rounds } = this.#plan
    mkdirSync(this.#plan.directory, { recursive: true })
    const client = kafka === null ? null : new KafkaClient({ brokers: kafka.split(',') })
    const stop = new AbortController()
    let feeding: Promise<unknown> = Promise.resolve()
    if (client !== null) {
      await client.createTopics([input, output], { partitions })
      feeding = feed(client, partitions, stop.signal, (counts) => (this.#acked = counts))
    }
    try {
      for (let round = 1; round <= rounds; round++) await this.#round(round)
      stop.abort()
      await feeding
      return await this.#end()
    } finally {
      stop.abort()
      await feeding.catch(() => undefined)
      await client?.close()
    }
  }

  async #round(round: number): Promise<void> {
    const isFresh = round > 1 && this.#random() < 0.15
    if (isFresh) rmSync(join(this.#plan.directory, 'state'), { recursive: true, force: true })
    const isEarly = this.#random() < 0.2
    const delayMs = this.#random() * killWithinMs
    const dieAt = isEarly ? null : this.#point()
    const { program, progressFile } = this.#start({ feeds: this.#plan.kafka === null, finishes: false, dieAt })
    try {
      if (!isEarly) await program.until('running')
      if (dieAt === null) await sleep(delayMs)
      else await Promise.race([program.ended(), sleep(pointWithinMs, undefined, { ref: false })])
      if (program.isOver && dieAt === null) throw new Error(program.complaint)
    } finally {
      await program.kill()
    }
    const seen = this.#judge(program, isFresh, `round ${round}`)
    this.#isIncomplete = (isFresh || this.#isIncomplete) && program.last('running') === null
    this.#remains = remainsAfter(this.#remains, remainsOf(progressFile), seen)
    this.#unfinishedMax = Math.max(this.#unfinishedMax, this.#remains.unfinished.length)
    this.#acked = program.last('acked')?.counts ?? this.#acked
    this.#plan.log?.(
      `round ${round}: killed ${isEarly ? 'after the start' : 'while running'} ` +
        `${dieAt === null ? `+ ${Math.round(delayMs)} ms` : `at ${dieAt.point}`}, ` +
        `${this.#remains.unfinished.length} records after the last commit, restored ${program.last('running')?.restored ?? '-'}` +
        (isFresh ? ' from scratch' : ''),
    )
  }

  #point(): ArmedPoint | null {
    const { points = [] } = this.#plan
    const point = points[Math.floor(this.#random() * points.length)]
    return point === undefined ? null : { point, nth: 1 + Math.floor(this.#random() * 5), signal: 'SIGKILL' }
  }

  /** The last life works everything off; another one after its clean end restores nothing. */
  async #end(): Promise<KillSummary> {
    const last = this.#start({ feeds: false, finishes: true, dieAt: null }).program
    const result = await last.until('result')
    await last.ended()
    this.#judge(last, false, 'the last life')
    this.#faults.push(...result.faults)
    for (const [partition, acked] of this.#acked.entries()) {
      if ((result.inputs[partition] ?? 0) < acked)
        this.#faults.push(`input of partition ${partition} has ${result.inputs[partition]} of ${acked} acknowledged`)
    }
    const duplicates = this.#compare(result.counts, result.inputs)
    await this.#cleanRestart()
    return {
      rounds: this.#plan.rounds,
      faults: this.#faults,
      inputRecords: result.inputs.reduce((sum, count) => sum + count, 0),
      duplicates,
      reprocessed: this.#reprocessed,
      reprocessedMax: this.#reprocessedMax,
      restoredMax: this.#restoredMax,
      restoredFromScratch: this.#fromScratch,
      killsBeforeRunning: this.#early,
      unfinishedMax: this.#unfinishedMax,
    }
  }

  async #cleanRestart(): Promise<void> {
    const { program } = this.#start({ feeds: false, finishes: true, dieAt: null })
    const { restored } = await program.until('running')
    await program.until('result')
    const code = await program.ended()
    if (restored !== 0) this.#faults.push(`a clean restart read ${restored} changelog records`)
    if (code !== 0) this.#faults.push(`the program ended with ${code}: ${program.complaint}`)
  }

  /** What a start did again must be what the life before left unfinished, and no more. @returns false if it came not so far */
  #judge(program: Program, isFresh: boolean, who: string): boolean {
    const begin = program.last('begin')
    const running = program.last('running')
    if (running === null) this.#early++
    if (begin === null) return false
    const { processedTo, unfinished } = this.#remains
    let again = 0
    for (const [partition, committed] of begin.committed.entries()) {
      for (let offset = committed; offset <= (processedTo[partition] ?? -1); offset++) {
        again++
        const key = keyOf(partition, offset)
        this.#repeatable.set(key, (this.#repeatable.get(key) ?? 0) + 1)
      }
      const oldest = Math.min(...unfinished.filter((e) => e.partition === partition).map((e) => e.offset))
      if (committed < Math.min(oldest, (processedTo[partition] ?? -1) + 1))
        this.#faults.push(
          `${who}: ${committed} is committed of partition ${partition}, processed since the last commit is ${oldest} and later`,
        )
    }
    this.#reprocessed += again
    this.#reprocessedMax = Math.max(this.#reprocessedMax, again)
    if (running === null) return true
    const { restored } = running
    if (isFresh) {
      this.#fromScratch.push(restored)
      if (restored !== begin.changelogRecords)
        this.#faults.push(`${who}: without state ${restored} of ${begin.changelogRecords} changelog records were read`)
    } else if (!this.#isIncomplete) {
      this.#restoredMax = Math.max(this.#restoredMax, restored)
      if (restored > unfinished.length)
        this.#faults.push(
          `${who}: ${restored} changelog records were read, ${unfinished.length} came after the last commit`,
        )
    }
    return true
  }

  #compare(counts: Readonly<Record<string, number>>, inputs: readonly number[]): number {
    const truth = new Map<string, number>()
    for (const [partition, count] of inputs.entries()) {
      for (let n = 0; n < count; n++) truth.set(keyOf(partition, n), (truth.get(keyOf(partition, n)) ?? 0) + 1)
    }
    let duplicates = 0
    for (const [key, count] of truth) {
      const over = (counts[key] ?? 0) - count
      duplicates += over
      const allowed = this.#plan.guarantee === 'exactly-once' ? 0 : (this.#repeatable.get(key) ?? 0)
      if (over < 0) this.#faults.push(`"${key}" was counted ${counts[key] ?? 0} times of ${count}: input is lost`)
      if (over > allowed) this.#faults.push(`"${key}" was counted ${over} times too often, ${allowed} can be explained`)
    }
    return duplicates
  }

  #start(part: Pick<ProgramPlan, 'feeds' | 'finishes' | 'dieAt'>): { program: Program; progressFile: string } {
    const { directory, guarantee, kafka, commitIntervalMs = commitMs } = this.#plan
    const progressFile = join(directory, `life-${++this.#lives}`)
    const program = new Program({
      kafka,
      brokerDirectory: join(directory, 'broker'),
      stateDirectory: join(directory, 'state'),
      progressFile,
      partitions,
      guarantee,
      commitIntervalMs,
      instance: `${applicationId}-1`,
      ...part,
    })
    return { program, progressFile }
  }
}

function remainsOf(progressFile: string): Remains {
  let entries: ProgressEntry[] = []
  try {
    entries = readProgress(progressFile)
  } catch {
    // killed before it processed anything
  }
  const processedTo = Array<number>(partitions).fill(-1)
  for (const { partition, offset } of entries) processedTo[partition] = Math.max(processedTo[partition] ?? -1, offset)
  const commits = entries.at(-1)?.commits ?? 0
  return { processedTo, commits, unfinished: entries.filter((entry) => entry.commits === commits) }
}

/**
 * A life that committed nothing leaves also what the one before had left. Records to be processed again are counted when a
 * life has seen how far the group is (`seen`), else with the next one.
 */
function remainsAfter(before: Remains, life: Remains, seen: boolean): Remains {
  if (life.commits > 0) return life
  const unfinished = [...before.unfinished, ...life.unfinished]
  const processedTo = seen
    ? life.processedTo
    : before.processedTo.map((offset, i) => Math.max(offset, life.processedTo[i] ?? -1))
  return { processedTo, commits: 0, unfinished }
}

export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 4_294_967_296
  }
}

/** Lines for people. */
export function summaryLines(summary: KillSummary): string[] {
  const { inputRecords, duplicates, reprocessed, reprocessedMax, restoredMax, unfinishedMax } = summary
  const scratch = summary.restoredFromScratch
  return [
    `${summary.rounds} kills, ${summary.killsBeforeRunning} of them before RUNNING; ${inputRecords} records in`,
    `counted too often: ${duplicates}; processed again: ${reprocessed}, at most ${reprocessedMax} after one kill`,
    `changelog records read after a kill: at most ${restoredMax}; processed since a commit: at most ${unfinishedMax}`,
    `restores from scratch: ${scratch.length === 0 ? 'none' : scratch.join(', ')}`,
    ...summary.faults.map((fault) => `FAULT ${fault}`),
  ]
}
