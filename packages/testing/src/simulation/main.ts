/** The command line of the simulation; `docs/simulation.md` says how to use it. */
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runFull, runShare } from './campaign.ts'
import { everyCrash, everyStop, pairs, runAll, runChecked, scenarioOf, shrink, swarm } from './explorer.ts'
import { findPlanted, plantedTable } from './planted.ts'
import { drawPlan, type Plan, type PlanGiven } from './plan.ts'
import { Report } from './report.ts'
import { runPlan } from './run-plan.ts'
import { scenarios } from './scenario/all.ts'
import { storedPlans, storePlan } from './stored-plans.ts'

const usage = `Runs applications on a simulated cluster with simulated faults.

  npm run simulate -- [--seed N] [--runs M] [--topology NAME] [--mode swarm|crash|stop|pairs]

  --seed N         the first seed (1)
  --runs M         how many seeds, or pairs; 1 with --seed, else 100
  --topology NAME  one of ${[...scenarios.keys()].join(', ')}; without it the seed decides
  --mode crash     kills every process at every point, and the broker in every write, of a small run
  --mode stop      stops every process at every point of a small run, for longer than its session lasts
  --mode pairs     kills or stops at two points, drawn at random
  --guarantee G    exactly-once or at-least-once; without it the seed decides
  --given JSON     further parts of the plan, e.g. '{"partitions":1}'
  --once           runs each seed once; without it twice, and both traces must be equal
  --trace          prints everything that happens in the run of one seed
  --plan JSON      runs this plan, as a failure has printed it; @FILE reads it from a file
  --plans DIR      runs the plans stored in a directory, e.g. test/simulation/plans
  --planted        plants known defects one after the other; each must be found within its number of seeds
  --fault NAME     with --planted: only this one
  --known DIR      with --planted: plans to try first, e.g. test/simulation/planted
  --save DIR       with --planted: writes the plans that showed them
  --full           the whole campaign, more than 100 000 runs, on all cores (--jobs N: on so many; --minutes M: as
                   much of it as fits into so many)
  --shrink         makes a failing plan smaller before it is printed`

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    runs: { type: 'string' },
    topology: { type: 'string' },
    mode: { type: 'string', default: 'swarm' },
    guarantee: { type: 'string' },
    given: { type: 'string', default: '{}' },
    once: { type: 'boolean', default: false },
    trace: { type: 'boolean', default: false },
    plan: { type: 'string' },
    plans: { type: 'string' },
    shrink: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    known: { type: 'string' },
    save: { type: 'string' },
    fault: { type: 'string' },
    full: { type: 'boolean', default: false },
    jobs: { type: 'string' },
    minutes: { type: 'string' },
    share: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Ends the program's output. @returns the exit code */
function ended(passed: number, failed: number): number {
  say(`${passed} passed, ${failed} failed`)
  return failed > 0 ? 1 : 0
}

function readPlan(text: string): Plan {
  const read = JSON.parse(text.startsWith('@') ? readFileSync(text.slice(1), 'utf8') : text) as Plan | { plan: Plan }
  return 'plan' in read ? read.plan : read
}

function plansOf(from: number, runs: number, given: PlanGiven): AsyncIterable<Plan> | Iterable<Plan> {
  switch (values.mode) {
    case 'crash':
      return everyCrash(from, given)
    case 'stop':
      return everyStop(from, given)
    case 'pairs':
      return pairs(from, runs, given)
    case 'swarm':
      return swarm(from, runs, given)
    default:
      throw new Error(`no mode "${values.mode}": there are swarm, crash, stop and pairs`)
  }
}

async function runPlans(): Promise<number> {
  const given: PlanGiven = {
    ...(values.topology === undefined ? {} : { topology: values.topology }),
    ...(values.guarantee === undefined ? {} : { guarantee: values.guarantee as Plan['guarantee'] }),
    ...(JSON.parse(values.given) as PlanGiven),
  }
  const from = Number(values.seed ?? 1)
  const runs = Number(values.runs ?? (values.seed === undefined ? 100 : 1))
  const report = new Report(say)
  const twice = !values.once && values.mode === 'swarm'
  if (values.trace) {
    const plan = values.plan === undefined ? drawPlan(from, given) : readPlan(values.plan)
    const outcome = await runPlan(plan, scenarioOf(plan), true)
    for (const line of outcome.trace ?? []) say(line)
    report.onRan({ plan, outcome })
  } else if (values.plan !== undefined) await runAll([readPlan(values.plan)], { twice }, report.onRan)
  else if (values.plans !== undefined) {
    const plans = storedPlans(values.plans).map(({ plan }) => plan)
    await runAll(plans, { twice }, report.onRan)
  } else await runAll(plansOf(from, runs, given), { twice }, report.onRan)
  if (values.shrink) {
    for (const { plan } of report.failures) {
      const small = await shrink(plan)
      say('smaller:')
      report.print({ plan: small, outcome: await runChecked(small) })
    }
  }
  report.summary(twice ? 2 : 1)
  return ended(report.passed, report.failures.length)
}

async function main(): Promise<number> {
  const minutes = Number(values.minutes ?? Infinity)
  if (values.share !== undefined) {
    const [index = 0, of = 1] = values.share.split('/').map(Number)
    await runShare({ index, of }, minutes, new Report(say))
    return 0
  }
  if (values.full) {
    const jobs = Number(values.jobs ?? availableParallelism())
    const { runs, failed } = await runFull(fileURLToPath(import.meta.url), { jobs, minutes })
    return ended(runs - failed, failed)
  }
  if (values.planted) {
    const stored = values.known === undefined ? [] : storedPlans(values.known)
    const known = new Map(stored.map(({ file, plan }) => [file.replace(/\.json$/, ''), plan]))
    const found = await findPlanted(values.fault ?? null, known, (one) => {
      say(plantedTable([one]).at(-1) ?? '')
      const { save } = values
      if (save !== undefined && one.plan !== null) storePlan(save, { file: one.fault, why: one.said, plan: one.plan })
    })
    say('')
    for (const line of plantedTable(found)) say(line)
    const missed = found.filter(({ seeds }) => seeds === null).length
    return ended(found.length - missed, missed)
  }
  return runPlans()
}

if (values.help) say(usage)
else process.exitCode = await main()
