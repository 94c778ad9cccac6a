/** The arguments of `npm run simulate`: their names, what they accept, and what is given when they are not. */
import { parseArgs } from 'node:util'
import { ConfigError } from '@millrace/core'
import { requireWord, wholeNumber } from '@millrace/core/internal'
import { plantableFaults, type PlantedFault } from '@millrace/protocol/internal'
import { existingPath, jsonObject } from '../command-line.ts'
import type { Share } from './explorer.ts'
import type { Plan, PlanGiven } from './plan.ts'
import { checkedGiven, checkedPlan } from './plan-settings.ts'
import { scenarios } from './scenario/all.ts'

export const usage: string = `Runs applications on a simulated cluster with simulated faults.

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
  --plain          with --planted: among seeds as they are drawn, 1000 for each, not where it shows soon
  --known DIR      with --planted: plans to try first, e.g. test/simulation/planted
  --save DIR       with --planted: writes the plans that showed them
  --full           the whole campaign, more than 100 000 runs, on all cores (--jobs N: on so many; --minutes M: as
                   much of it as fits into so many)
  --shrink         makes a failing plan smaller before it is printed`

const modes = ['swarm', 'crash', 'stop', 'pairs'] as const

/** What is asked for. */
export interface SimulateArguments {
  readonly seed: number
  readonly runs: number
  readonly mode: (typeof modes)[number]
  readonly given: PlanGiven
  readonly once: boolean
  readonly trace: boolean
  readonly shrink: boolean
  readonly plan: Plan | null
  /** Directory of stored plans; null = none. */
  readonly plans: string | null
  readonly planted: boolean
  readonly fault: PlantedFault | null
  readonly plain: boolean
  readonly known: string | null
  readonly save: string | null
  readonly full: boolean
  readonly jobs: number | null
  readonly minutes: number
  readonly share: Share | null
  readonly help: boolean
}

const text = { type: 'string' } as const
const flag = { type: 'boolean', default: false } as const
const options = {
  seed: text,
  runs: text,
  topology: text,
  mode: { ...text, default: 'swarm' },
  guarantee: text,
  given: { ...text, default: '{}' },
  plan: text,
  plans: text,
  known: text,
  save: text,
  fault: text,
  jobs: text,
  minutes: text,
  share: text,
  once: flag,
  trace: flag,
  shrink: flag,
  planted: flag,
  plain: flag,
  full: flag,
  help: flag,
} as const

/** @throws {MR_CONFIG_INVALID} {MR_CONFIG_UNKNOWN} {MR_CONFIG_MISSING} (ConfigError) and what `parseArgs` throws */
export function simulateArguments(words: readonly string[]): SimulateArguments {
  const { values } = parseArgs({ args: [...words], options })
  const { seed, runs, plan, plans, known, save = null, fault, jobs, minutes, share } = values
  for (const [mode, names] of [
    ['planted', ['fault', 'known', 'save']],
    ['full', ['jobs', 'minutes', 'share']],
  ] as const) {
    const extra = values[mode] ? undefined : names.find((name) => values[name] !== undefined)
    if (extra === undefined) continue
    throw new ConfigError('MR_CONFIG_MISSING', { option: `--${mode}`, accepted: `it with --${extra}` })
  }
  const { once, trace, shrink, planted, plain, full, help } = values
  return {
    once,
    trace,
    shrink,
    planted,
    plain,
    full,
    help,
    save,
    seed: wholeNumber('--seed', seed ?? '1'),
    runs: wholeNumber('--runs', runs ?? (seed === undefined ? '100' : '1'), { least: 1 }),
    mode: requireWord('--mode', values.mode as (typeof modes)[number], modes),
    given: givenOf(values),
    plan: plan === undefined ? null : planOf(plan),
    plans: plans === undefined ? null : existingPath('--plans', plans),
    fault:
      fault === undefined
        ? null
        : requireWord('--fault', fault as PlantedFault, Object.keys(plantableFaults) as PlantedFault[]),
    known: known === undefined ? null : existingPath('--known', known),
    jobs: jobs === undefined ? null : wholeNumber('--jobs', jobs, { least: 1 }),
    minutes: minutes === undefined ? Infinity : wholeNumber('--minutes', minutes, { least: 1 }),
    share: share === undefined ? null : shareOf(share),
  }
}

function givenOf(values: {
  readonly topology?: string
  readonly guarantee?: string
  readonly given: string
}): PlanGiven {
  const { topology, guarantee } = values
  const given: PlanGiven = {
    ...(topology === undefined ? {} : { topology: requireWord('--topology', topology, [...scenarios.keys()]) }),
    ...(guarantee === undefined
      ? {}
      : { guarantee: requireWord('--guarantee', guarantee as Plan['guarantee'], ['exactly-once', 'at-least-once']) }),
  }
  const more = checkedGiven('--given', jsonObject('--given', values.given) as PlanGiven)
  if (more.topology !== undefined) requireWord('--given.topology', more.topology, [...scenarios.keys()])
  return { ...given, ...more }
}

function planOf(given: string): Plan {
  const read = jsonObject('--plan', given) as unknown as Plan | { readonly plan: Plan }
  const plan = checkedPlan('--plan', 'plan' in read ? read.plan : read)
  requireWord('--plan.topology', plan.topology, [...scenarios.keys()])
  return plan
}

function shareOf(given: string): Share {
  const [index, of, ...rest] = given.split('/')
  if (index === undefined || of === undefined || rest.length > 0) {
    throw new ConfigError('MR_CONFIG_INVALID', {
      option: '--share',
      value: JSON.stringify(given),
      accepted: 'INDEX/OF',
    })
  }
  const parts = wholeNumber('--share', of, { least: 1 })
  return { index: wholeNumber('--share', index, { most: parts - 1 }), of: parts }
}
