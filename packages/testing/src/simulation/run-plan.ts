/**
 * Runs one plan: faults for a while (the safety phase), then none, and everything must be done within bounded time (the
 * liveness phase); at the end the results are checked.
 */
import { loadCodecs } from '@millrace/protocol'
import { FaultSchedule } from './fault-schedule.ts'
import { isDecided } from './invariants.ts'
import type { Plan } from './plan.ts'
import type { Scenario } from './scenario.ts'
import { trapGlobals } from './trap-globals.ts'
import { upkeepConfig } from './upkeep.ts'
import { type Counts, World } from './world.ts'

/** What a run showed. */
export interface Outcome {
  readonly violations: readonly string[]
  /** Of everything that happened. */
  readonly traceHash: string
  readonly trace: readonly string[] | null
  /** Yield points that each machine passed. */
  readonly yields: readonly number[]
  readonly eventsRun: number
  /** Virtual ms. */
  readonly tookMs: number
  readonly brokerWrites: number
  readonly counts: Counts
}

/** How long the results may take once nothing fails any more: session and transaction timeouts, and some rounds. */
const graceMs = 60_000
/** Between two looks at whether all is done. */
const lookMs = 20

/** Runs a plan to its end. Never rejects: what goes wrong is a violation. */
export async function runPlan(plan: Plan, scenario: Scenario, keepTrace = false): Promise<Outcome> {
  // Loading code takes real time; later calls find it there.
  await loadCodecs()
  const untrap = trapGlobals()
  const escaped: unknown[] = []
  const onEscaped = (error: unknown): void => void escaped.push(error)
  process.on('unhandledRejection', onEscaped)
  const settings = {
    version: plan.version,
    nodes: plan.nodes,
    config: brokerConfig(plan),
    markerDelayMs: plan.markerDelayMs,
    upkeep: (plan.upkeep ?? null) !== null,
  }
  const world = new World(plan, settings, keepTrace)
  const violations: string[] = []
  try {
    violations.push(...(await run(world, plan, scenario)))
  } catch (error) {
    violations.push(`an error escaped: ${described(error)}`)
  } finally {
    process.off('unhandledRejection', onEscaped)
    untrap()
  }
  violations.push(...escaped.map((error) => `unhandled rejection: ${described(error)}`))
  return {
    violations,
    traceHash: world.trace.hash,
    trace: world.trace.lines,
    yields: world.machines.slice(0, plan.machines).map((machine) => machine.yields),
    eventsRun: world.time.eventsRun,
    tookMs: world.time.nowMs,
    brokerWrites: world.cluster.storage.writes,
    counts: { ...world.counts, brokerCrashes: world.cluster.crashes },
  }
}

async function run(world: World, plan: Plan, scenario: Scenario): Promise<string[]> {
  const { time } = world
  world.cluster.start()
  const running = scenario.set(world, plan)
  const schedule = new FaultSchedule(world, plan)
  for (const machine of world.machines) time.after(world.random.between(0, 20), () => machine.start())
  schedule.begin(world.machines)
  let lookAtMs = 0
  const isDone = (): boolean => {
    if (world.failure !== undefined) throw world.failure as Error
    if (time.nowMs < lookAtMs || !world.cluster.isUp) return false
    lookAtMs = time.nowMs + lookMs
    return running.isDone()
  }
  const writingMs = plan.batches * plan.batchEveryMs
  await time.run(() => isDone() && time.nowMs > schedule.lastMs, Math.max(schedule.lastMs, writingMs) + faultsMs)
  schedule.freeze()
  const done = await world.run(isDone, graceMs + plan.sessionTimeoutMs + plan.transactionTimeoutMs)
  const stuck = done ? [] : [`not done ${Math.round(time.nowMs)} ms after the start although nothing fails any more`]
  const verified = done ? ((await running.verify?.()) ?? []) : []
  // A process that went on just now may have begun a transaction that nobody but the timeout ends.
  await world.run(() => world.cluster.isUp && isDecided(world), plan.transactionTimeoutMs + decisionMs)
  return [...stuck, ...running.check(), ...verified]
}

/** After the timeout of a transaction: until the broker looks, and its markers are written. */
const decisionMs = 15_000

/** Faults go on for this long after the last of them began. */
const faultsMs = 6_000

function brokerConfig(plan: Plan): Record<string, string | number> {
  return {
    'group.min.session.timeout.ms': 100,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 200,
    'log.message.timestamp.after.max.ms': '9223372036854775807',
    'log.segment.bytes': plan.seed % 3 === 0 ? 2000 : 1_000_000,
    ...upkeepConfig(plan.upkeep),
  }
}

function described(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
