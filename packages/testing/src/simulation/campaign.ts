/**
 * The full form of the simulation: swarms of random faults, every single kill and stop, and pairs of them, on every
 * topology and both lines of the broker. Shared among processes, each of which runs every n-th plan.
 */
import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { everyCrash, everyStop, pairs, runAll, type Share, swarm } from './explorer.ts'
import type { Plan } from './plan.ts'
import { type Report, countsLine } from './report.ts'
import { scenarios } from './scenario/all.ts'
import { type Counts, noCounts } from './world.ts'

/** One part of the campaign. */
interface Stage {
  readonly name: string
  readonly plans: () => AsyncIterable<Plan> | Iterable<Plan>
}

/** How large the parts are. */
const size = { swarm: 20_000, pairs: 2_500, seeds: [1, 2] }

function stages(): Stage[] {
  const found: Stage[] = [{ name: 'swarm', plans: () => swarm(100_000, size.swarm, {}) }]
  for (const topology of scenarios.keys()) {
    for (const version of ['3.9', '4.x'] as const) {
      const given = { topology, version }
      const name = `${topology} ${version}`
      for (const seed of size.seeds) {
        found.push({ name: `every kill, ${name}, seed ${seed}`, plans: () => everyCrash(seed, given) })
      }
      found.push({ name: `every stop, ${name}`, plans: () => everyStop(1, given) })
      found.push({ name: `pairs, ${name}`, plans: () => pairs(3, size.pairs, given) })
    }
  }
  return found
}

/** What a process that runs a share tells at its end. */
interface Done {
  readonly runs: number
  readonly failed: number
  readonly counts: Counts
}

/** Runs one share, in this process; tells the parent what came out. */
export async function runShare(share: Share, report: Report): Promise<void> {
  for (const { name, plans } of stages()) {
    const before = report.runs
    await runAll(plans(), { share }, report.onRan)
    process.stdout.write(`${name}: ${report.runs - before} runs\n`)
  }
  const done: Done = { runs: report.runs, failed: report.failures.length, counts: report.counts }
  process.send?.(done)
}

/** Runs everything, in as many processes as asked. @returns how many runs failed, and how many there were */
export async function runFull(program: string, jobs: number = availableParallelism()): Promise<Done> {
  const counts = noCounts()
  let runs = 0
  let failed = 0
  const one = async (index: number): Promise<void> =>
    new Promise((resolve) => {
      const child = fork(program, ['--full', '--share', `${index}/${jobs}`])
      child.on('message', (done: Done) => {
        runs += done.runs
        failed += done.failed
        for (const name of Object.keys(counts) as (keyof Counts)[]) counts[name] += done.counts[name]
      })
      child.on('exit', (code) => {
        if (code !== 0) failed++
        resolve()
      })
    })
  await Promise.all(Array.from({ length: jobs }, async (_, index) => one(index)))
  process.stdout.write(`${runs} runs: ${countsLine(counts)}\n`)
  return { runs, failed, counts }
}
