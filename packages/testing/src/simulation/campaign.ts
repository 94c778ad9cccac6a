/**
 * The full form of the simulation: swarms of random faults, every single kill and stop, and pairs of them, on every
 * topology and both lines of the broker. Shared among processes, each of which runs every n-th plan.
 */
import { fork } from 'node:child_process'
import { everyCrash, everyStop, pairs, runAll, type Share, swarm } from './explorer.ts'
import type { Plan } from './plan.ts'
import { type Report, countsLine } from './report.ts'
import { scenarios } from './scenario/all.ts'
import { type Counts, noCounts } from './world.ts'

/** How large the parts are: more than 100 000 runs together. */
const size = { swarms: 10, swarm: 2_000, pairs: 3_500, seeds: [1, 2] }

type Plans = AsyncIterable<Plan> | Iterable<Plan>

function stages(): Plans[] {
  const found: Plans[] = []
  for (let i = 0; i < size.swarms; i++) found.push(swarm(100_000 + i * size.swarm, size.swarm, {}))
  for (const topology of scenarios.keys()) {
    for (const version of ['3.9', '4.x'] as const) {
      const given = { topology, version }
      for (const seed of size.seeds) found.push(everyCrash(seed, given))
      found.push(everyStop(1, given), pairs(3, size.pairs, given))
    }
  }
  return found
}

/** One plan of each stage in turn, so that a campaign that is cut short has seen something of each. */
async function* inTurn(all: readonly Plans[], { index, of }: Share): AsyncGenerator<Plan> {
  let open = all.map((plans) => ({ plans: iteratorOf(plans), number: 0 }))
  while (open.length > 0) {
    for (const stage of open) {
      let next = await stage.plans.next()
      while (next.done !== true && stage.number++ % of !== index) next = await stage.plans.next()
      if (next.done === true) open = open.filter((other) => other !== stage)
      else yield next.value
    }
  }
}

function iteratorOf(plans: Plans): AsyncIterator<Plan> | Iterator<Plan> {
  return Symbol.asyncIterator in plans ? plans[Symbol.asyncIterator]() : plans[Symbol.iterator]()
}

/** What a process that runs a share has done so far. */
interface Done {
  readonly runs: number
  readonly failed: number
  readonly counts: Counts
}

function sayDone({ runs, failed, counts }: Done): void {
  process.stdout.write(`${runs} runs, ${failed} failed: ${countsLine(counts)}\n`)
}

/** Runs one share, in this process; tells the parent what came out, now and then and at the end. */
export async function runShare(share: Share, minutes: number, report: Report): Promise<void> {
  const untilMs = performance.now() + minutes * 60_000
  const tell = (): void => {
    const done: Done = { runs: report.runs, failed: report.failures.length, counts: report.counts }
    if (process.send !== undefined) process.send(done)
    else sayDone(done)
  }
  await runAll(inTurn(stages(), share), {}, (ran) => {
    const goesOn = report.onRan(ran)
    if (report.runs % 200 === 0) tell()
    return goesOn && performance.now() < untilMs
  })
  tell()
}

/** Runs everything, in as many processes as asked. @returns how many runs failed, and how many there were */
export async function runFull(program: string, limits: { jobs: number; minutes: number }): Promise<Done> {
  const { jobs, minutes } = limits
  const latest: Done[] = []
  let crashed = 0
  let told = 0
  const sum = (): Done => {
    const counts = noCounts()
    for (const done of latest)
      for (const name of Object.keys(counts) as (keyof Counts)[]) counts[name] += done.counts[name]
    const failed = latest.reduce((all, one) => all + one.failed, crashed)
    return { runs: latest.reduce((all, one) => all + one.runs, 0), failed, counts }
  }
  const one = async (index: number): Promise<void> =>
    new Promise((resolve) => {
      const limit = Number.isFinite(minutes) ? ['--minutes', String(minutes)] : []
      const child = fork(program, ['--full', '--share', `${index}/${jobs}`, ...limit])
      latest[index] = { runs: 0, failed: 0, counts: noCounts() }
      child.on('message', (done: Done) => {
        latest[index] = done
        const now = sum()
        if (now.runs - told < 5_000) return
        told = now.runs
        sayDone(now)
      })
      child.on('exit', (code) => {
        if (code !== 0) crashed++
        resolve()
      })
    })
  await Promise.all(Array.from({ length: jobs }, async (_, index) => one(index)))
  sayDone(sum())
  return sum()
}
