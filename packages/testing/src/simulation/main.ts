/** The command line of the simulation; `docs/simulation.md` says how to use it. */
import { parseArgs } from 'node:util'
import { everyCrash, pairs, type Ran, runChecked, scenarioOf, shrink, swarm } from './explorer.ts'
import { findPlanted, foundLine } from './planted.ts'
import { drawPlan, type Plan, type PlanGiven } from './plan.ts'
import { runPlan } from './run-plan.ts'
import { scenarios } from './scenario/all.ts'

const usage = `Runs applications on a simulated cluster with simulated faults.

  npm run simulate -- [--seed N] [--runs M] [--topology NAME] [--mode swarm|crash|pairs]

  --seed N         the first seed (1)
  --runs M         how many seeds, or pairs; 1 with --seed, else 100
  --topology NAME  one of ${[...scenarios.keys()].join(', ')}; without it the seed decides
  --mode crash     kills every process at every point, and the broker in every write, of a small run
  --mode pairs     kills at two points, drawn at random
  --guarantee G    exactly-once or at-least-once; without it the seed decides
  --given JSON     further parts of the plan, e.g. '{"partitions":1}'
  --once           runs each seed once; without it twice, and both traces must be equal
  --trace          prints everything that happens in the run of one seed
  --plan JSON      runs this plan, as a failure has printed it
  --planted        plants known defects one after the other; each must be found within its number of seeds
  --fault NAME     with --planted: only this one
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
    shrink: { type: 'boolean', default: false },
    planted: { type: 'boolean', default: false },
    fault: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
})

let passed = 0
/** Planted defects that were not found. */
let missed = 0
const failures: Ran[] = []
/** More than this says nothing new. */
const failuresMax = 10

const total = { runs: 0, kills: 0, stops: 0, brokerCrashes: 0, records: 0, states: 0 }

function onRan(ran: Ran): boolean {
  const { counts } = ran.outcome
  total.runs++
  for (const name of Object.keys(counts) as (keyof typeof counts)[]) total[name] += counts[name]
  if (ran.outcome.violations.length === 0) passed++
  else {
    failures.push(ran)
    print(ran)
  }
  return failures.length < failuresMax
}

function print({ plan, outcome }: Ran): void {
  const lines = [`seed ${plan.seed} (${plan.topology}) failed after ${Math.round(outcome.tookMs)} virtual ms:`]
  lines.push(...outcome.violations.slice(0, 5).map((line) => `  ${line}`))
  if (outcome.violations.length > 5) lines.push(`  and ${outcome.violations.length - 5} more`)
  lines.push(`  plan: ${JSON.stringify(plan)}`)
  process.stdout.write(`${lines.join('\n')}\n`)
}

async function main(): Promise<void> {
  const given: PlanGiven = {
    ...(values.topology === undefined ? {} : { topology: values.topology }),
    ...(values.guarantee === undefined ? {} : { guarantee: values.guarantee as Plan['guarantee'] }),
    ...(JSON.parse(values.given) as PlanGiven),
  }
  const from = Number(values.seed ?? 1)
  const runs = Number(values.runs ?? (values.seed === undefined ? 100 : 1))
  if (values.planted) {
    await findPlanted(values.fault ?? null, (found) => {
      process.stdout.write(`${foundLine(found)}\n`)
      if (found.seeds === null) missed++
      else passed++
    })
  } else if (values.trace) {
    const plan = values.plan === undefined ? drawPlan(from, given) : (JSON.parse(values.plan) as Plan)
    const outcome = await runPlan(plan, scenarioOf(plan), true)
    process.stdout.write(`${outcome.trace?.join('\n')}\n`)
    onRan({ plan, outcome })
  } else if (values.plan !== undefined) {
    const plan = JSON.parse(values.plan) as Plan
    onRan({ plan, outcome: await runChecked(plan, !values.once) })
  } else if (values.mode === 'crash') await everyCrash(from, given, onRan)
  else if (values.mode === 'pairs') await pairs({ seed: from, runs, given }, onRan)
  else await swarm({ from, runs, given, twice: !values.once }, onRan)
  if (values.shrink) {
    for (const { plan } of failures) {
      const small = await shrink(plan)
      process.stdout.write('smaller: ')
      print({ plan: small, outcome: await runChecked(small) })
    }
  }
  if (total.runs > 0) {
    const { runs, kills, stops, brokerCrashes, records, states } = total
    process.stdout.write(
      `${runs} runs: ${kills} kills, ${stops} stops, ${brokerCrashes} crashes of the broker, ` +
        `${records} committed records checked, ${states} states compared with their changelogs\n`,
    )
  }
  const failed = failures.length + missed
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  if (failed > 0) process.exitCode = 1
}

if (values.help) process.stdout.write(`${usage}\n`)
else await main()
