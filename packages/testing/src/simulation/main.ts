/** The command line of the simulation; `docs/simulation.md` says how to use it. */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { exitCodeOf, runCommandLine } from '../command-line.ts'
import { runFull, runShare } from './campaign.ts'
import { everyCrash, everyStop, pairs, runAll, runChecked, scenarioOf, shrink, swarm } from './explorer.ts'
import { findPlanted, plantedTable } from './planted.ts'
import { drawPlan, type Plan } from './plan.ts'
import { Report } from './report.ts'
import { runPlan } from './run-plan.ts'
import { type SimulateArguments, simulateArguments, usage } from './simulate-arguments.ts'
import { storedPlans, storePlan } from './stored-plans.ts'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Ends the program's output. @returns the exit code */
function ended(passed: number, failed: number): number {
  say(`${passed} passed, ${failed} failed`)
  return exitCodeOf(passed, failed)
}

function plansOf({ mode, seed, runs, given }: SimulateArguments): AsyncIterable<Plan> | Iterable<Plan> {
  switch (mode) {
    case 'crash':
      return everyCrash(seed, given)
    case 'stop':
      return everyStop(seed, given)
    case 'pairs':
      return pairs(seed, runs, given)
    case 'swarm':
      return swarm(seed, runs, given)
  }
}

async function runPlans(asked: SimulateArguments): Promise<number> {
  const report = new Report(say)
  const twice = !asked.once && asked.mode === 'swarm'
  if (asked.trace) {
    const plan = asked.plan ?? drawPlan(asked.seed, asked.given)
    const outcome = await runPlan(plan, scenarioOf(plan), true)
    for (const line of outcome.trace ?? []) say(line)
    report.onRan({ plan, outcome })
  } else if (asked.plan !== null) await runAll([asked.plan], { twice }, report.onRan)
  else if (asked.plans !== null) {
    const plans = storedPlans(asked.plans).map(({ plan }) => plan)
    await runAll(plans, { twice }, report.onRan)
  } else await runAll(plansOf(asked), { twice }, report.onRan)
  if (asked.shrink) {
    for (const { plan } of report.failures) {
      const small = await shrink(plan)
      say('smaller:')
      report.print({ plan: small, outcome: await runChecked(small) })
    }
  }
  report.summary(twice ? 2 : 1)
  return ended(report.passed, report.failures.length)
}

async function runPlanted({ known: folder, fault, save, plain }: SimulateArguments): Promise<number> {
  const stored = folder === null ? [] : storedPlans(folder)
  const known = new Map(stored.map(({ file, plan }) => [file.replace(/\.json$/, ''), plan]))
  const found = await findPlanted({ only: fault, known, plain }, (one) => {
    say(plantedTable([one]).at(-1) ?? '')
    if (save !== null && one.plan !== null) storePlan(save, { file: one.fault, why: one.said, plan: one.plan })
  })
  say('')
  for (const line of plantedTable(found)) say(line)
  const missed = found.filter(({ seeds }) => seeds === null).length
  return ended(found.length - missed, missed)
}

async function run(asked: SimulateArguments): Promise<number> {
  const { minutes } = asked
  if (asked.help) {
    say(usage)
    return 0
  }
  if (asked.share !== null) {
    await runShare(asked.share, minutes, new Report(say))
    return 0
  }
  if (asked.full) {
    const jobs = asked.jobs ?? availableParallelism()
    const { runs, failed } = await runFull(fileURLToPath(import.meta.url), { jobs, minutes })
    return ended(runs - failed, failed)
  }
  return asked.planted ? runPlanted(asked) : runPlans(asked)
}

await runCommandLine({ usage, read: () => simulateArguments(process.argv.slice(2)), run })
