/**
 * The simulation for everybody's own topology: runs it on a simulated cluster with simulated faults, and lets its author
 * check what came out. Each run is a function of its seed.
 */
import { ConfigError, type Serde, type Topology } from '@millrace/core'
import { nearestName, optionNames, requireWord } from '@millrace/core/internal'
import { type Plan, drawPlan, type FaultKind, faultKinds } from './plan.ts'
import { type Outcome, runPlan } from './run-plan.ts'
import type { Scenario } from './scenario.ts'
import { applicationScenario } from './scenario/application.ts'
import { shrink } from './explorer.ts'
import { checkedPlan, checkedSettings, type SimulationSettings } from './plan-settings.ts'
import { inputFor, type MakeInput } from './simulation-input.ts'
import { SimulationResults } from './simulation-results.ts'
import { placesOf, presetSerdes } from './topology-places.ts'
import { type Counts, noCounts } from './world.ts'

/** What to simulate. */
export interface SimulateOptions {
  /**
   * Makes one input record: `input: ({ serial, random, record }) => record(topic, key, value)`. Must decide by what it is
   * given alone, so that a seed means the same run every time.
   */
  readonly input: MakeInput
  /**
   * Looks at what a run left behind, once all input is processed and nothing fails any more.
   *
   * @returns what is wrong, one line each; nothing when all is well
   */
  check(this: void, results: SimulationResults): readonly string[]
  /** The first seed; default 1. */
  readonly seed?: number
  /** How many seeds, each with faults of its own; default 1. */
  readonly runs?: number
  /** Which faults happen: all kinds (default), none, or some kinds; a seed draws from them. */
  readonly faults?: 'all' | 'none' | readonly FaultKind[]
  /** Default `exactly-once`. */
  readonly processingGuarantee?: 'exactly-once' | 'at-least-once'
  readonly settings?: SimulationSettings
  /** Serdes of internal topics and stores that have none; default msgpack, as in an application. */
  readonly serdes?: { readonly key: Serde<unknown>; readonly value: Serde<unknown> }
  /** Runs each seed twice and compares everything that happened: finds code that depends on more than its input. */
  readonly twice?: boolean
  /** A plan of an earlier failure, to be run in place of seeds. */
  readonly plan?: Plan
  /** Makes the plan of a failure smaller before it is reported: fewer faults, less input, fewer processes. */
  readonly shrink?: boolean
}

/** A run that broke a rule. */
export interface SimulationFailure {
  readonly seed: number
  /** What `check` said, and what the simulation found by itself. */
  readonly violations: readonly string[]
  /** Repeats the run, as `plan` of the options. */
  readonly plan: Plan
}

/** What all runs came to. */
export interface SimulationSummary {
  readonly runs: number
  readonly failures: readonly SimulationFailure[]
  /** What happened in them. */
  readonly counts: Readonly<Counts>
}

/**
 * Runs a topology on a simulated cluster, with faults drawn from a seed: kills, losses of power and of disks, suspensions,
 * broken connections, partitions, restarts of brokers, moves of leaders and coordinators, clocks that jump.
 *
 * Beside `check` these rules hold in every run: all input is processed once nothing fails any more; no transaction is left
 * open; no reader of committed records has seen one that is not there in the end; the state of every task equals what its
 * changelogs restore; no instance ends unasked.
 *
 * The application is called `app`: its internal topics are `app-…`. While it runs, real time and real chance are out of
 * bounds in this process (`Date.now`, `setTimeout`, `Math.random` throw), because a run must be repeatable.
 *
 * @param topology as `StreamsApp` takes it, or a function that makes it for each life of an instance, for processors with
 *   state of their own outside of stores
 * @throws {MR_CONFIG_INVALID} {MR_CONFIG_UNKNOWN} options that are not accepted, a topology without a named source
 */
export async function simulate(
  topology: Topology | ((instance: string) => Topology),
  options: SimulateOptions,
): Promise<SimulationSummary> {
  requireOptions(options)
  const { seed = 1, runs = 1, faults = 'all' } = options
  requireCount('seed', seed, 0)
  requireCount('runs', runs, 1)
  const scenario = scenarioOf(topology, options)
  const run = async (plan: Plan): Promise<Outcome> => runRepeatably(plan, scenario, options.twice === true)
  const failures: SimulationFailure[] = []
  const counts = noCounts()
  const given = {
    topology: userTopology,
    guarantee: requireWord('processingGuarantee', options.processingGuarantee ?? 'exactly-once', guarantees),
    ...checkedSettings('settings', options.settings ?? {}),
    ...(faults === 'all' ? {} : { kinds: faults === 'none' ? [] : checkedKinds(faults) }),
  } as const
  const plans =
    options.plan === undefined
      ? seedsFrom(seed, runs).map((one) => drawPlan(one, given))
      : [checkedPlan('plan', options.plan)]
  for (const plan of plans) {
    const outcome = await run(plan)
    for (const name of Object.keys(counts) as (keyof Counts)[]) counts[name] += outcome.counts[name]
    if (outcome.violations.length === 0) continue
    if (options.shrink !== true) failures.push({ seed: plan.seed, violations: outcome.violations, plan })
    else {
      const small = await shrink(plan, run)
      failures.push({ seed: plan.seed, violations: (await run(small)).violations, plan: small })
    }
  }
  return { runs: plans.length, failures, counts }
}

const userTopology = 'simulated'
const guarantees = ['exactly-once', 'at-least-once'] as const
const known = optionNames<SimulateOptions>({
  input: true,
  check: true,
  seed: true,
  runs: true,
  faults: true,
  processingGuarantee: true,
  settings: true,
  serdes: true,
  twice: true,
  plan: true,
  shrink: true,
})

function requireOptions(options: SimulateOptions): void {
  for (const option of Object.keys(options)) {
    if (known.includes(option)) continue
    const nearest = nearestName(option, known)
    if (nearest !== null) throw new ConfigError('MR_CONFIG_UNKNOWN', { option, nearest })
    const accepted = `any of ${known.join(', ')}`
    throw new ConfigError('MR_CONFIG_INVALID', { option: 'of simulate', value: `"${option}"`, accepted })
  }
}

function scenarioOf(topology: Topology | ((instance: string) => Topology), options: SimulateOptions): Scenario {
  const build = typeof topology === 'function' ? topology : (): Topology => topology
  const serdes = options.serdes ?? presetSerdes()
  const places = placesOf(build('layout').build({ serdes }))
  return applicationScenario({
    name: userTopology,
    inputs: places.inputs,
    outputs: places.outputs,
    build: ({ name }) => build(name),
    serdes,
    expires: places.expires,
    make: (plan) => inputFor(options.input, { partitions: plan.partitions, inputs: places.inputs }),
    check: (world, plan) => [...options.check(new SimulationResults(world, plan, serdes))],
  })
}

async function runRepeatably(plan: Plan, scenario: Scenario, twice: boolean): Promise<Outcome> {
  const outcome = await runPlan(plan, scenario)
  if (!twice) return outcome
  const again = await runPlan(plan, scenario)
  if (again.traceHash === outcome.traceHash) return outcome
  return { ...outcome, violations: [...outcome.violations, 'not repeatable: two runs of this seed differ'] }
}

function seedsFrom(seed: number, runs: number): number[] {
  return Array.from({ length: runs }, (_, i) => seed + i)
}

function checkedKinds(kinds: readonly FaultKind[]): readonly FaultKind[] {
  if (!Array.isArray(kinds))
    requireWord<string>('faults', kinds as unknown as string, ['all', 'none'], ' or a list of kinds')
  for (const kind of kinds) {
    if (faultKinds.includes(kind)) continue
    throw new ConfigError('MR_CONFIG_INVALID', {
      option: 'faults',
      value: `"${kind}"`,
      accepted: ['all', 'none', ...faultKinds].join(', '),
    })
  }
  return kinds
}

function requireCount(option: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  throw new ConfigError('MR_CONFIG_INVALID', { option, value: String(value), accepted: `a whole number from ${least}` })
}
