/**
 * Ways through the space of faults: every single crash point, pairs of them, and swarms of seeds; and the way back from a
 * failure to its smallest form.
 */
import { drawPlan, type Fault, type Plan, type PlanGiven } from './plan.ts'
import { type Outcome, runPlan } from './run-plan.ts'
import type { Scenario } from './scenario.ts'
import { SeededRandom } from './seeded-random.ts'
import { scenarios } from './scenario/all.ts'

/** A plan that was run, and what it showed. */
export interface Ran {
  readonly plan: Plan
  readonly outcome: Outcome
}

/** Called after each run. @returns true to go on */
export type OnRan = (ran: Ran) => boolean

/** The scenario of a plan. */
export function scenarioOf(plan: Plan): Scenario {
  const scenario = scenarios.get(plan.topology)
  if (scenario === undefined) {
    throw new Error(`no topology "${plan.topology}": there are ${[...scenarios.keys()].join(', ')}`)
  }
  return scenario
}

/** Runs a plan; twice if asked, and then both runs must be the same. */
export async function runChecked(plan: Plan, twice = false): Promise<Outcome> {
  const outcome = await runPlan(plan, scenarioOf(plan))
  if (!twice) return outcome
  const again = await runPlan(plan, scenarioOf(plan))
  if (again.traceHash === outcome.traceHash) return outcome
  const what = `not repeatable: trace ${outcome.traceHash}, then ${again.traceHash}`
  return { ...outcome, violations: [...outcome.violations, what] }
}

/** Part of a campaign: every `of`-th plan, beginning with number `index`. */
export interface Share {
  readonly index: number
  readonly of: number
}

/** Runs plans one after the other until they end or `onRan` has enough. */
export async function runAll(
  plans: AsyncIterable<Plan> | Iterable<Plan>,
  how: { readonly twice?: boolean; readonly share?: Share },
  onRan: OnRan,
): Promise<void> {
  const { index, of } = how.share ?? { index: 0, of: 1 }
  let number = 0
  for await (const plan of plans) {
    if (number++ % of !== index) continue
    if (!onRan({ plan, outcome: await runChecked(plan, how.twice) })) return
  }
}

/** Many seeds, each with faults of its own. */
export function* swarm(from: number, runs: number, given: PlanGiven): Generator<Plan> {
  for (let seed = from; seed < from + runs; seed++) yield drawPlan(seed, given)
}

/** A small run for exhaustive search: two processes, few records, a commit every other moment. */
export function smallPlan(seed: number, given: PlanGiven = {}): Plan {
  return drawPlan(seed, {
    machines: 2,
    partitions: 2,
    batches: 4,
    recordsPerBatch: 3,
    batchEveryMs: 60,
    abortedInput: 0.25,
    upstreams: 1,
    commitIntervalMs: 50,
    sessionTimeoutMs: 1500,
    transactionTimeoutMs: 1000,
    standbys: 0,
    cacheBytes: 0,
    purgeIntervalMs: 100_000_000,
    networkDelayMs: 5,
    fetchBytes: 1_048_576,
    markerDelayMs: 30,
    nodes: 1,
    guarantee: 'exactly-once',
    upkeep: null,
    faults: [],
    ...given,
  })
}

/** Kills each process once at each of its yield points, and the broker once in each of its writes. */
export async function* everyCrash(seed: number, given: PlanGiven): AsyncGenerator<Plan> {
  const base = smallPlan(seed, given)
  const calm = await runChecked(base)
  yield base
  for (const [machine, yields] of calm.yields.entries()) {
    for (let yieldPoint = 1; yieldPoint <= yields; yieldPoint++) {
      yield { ...base, faults: [{ kind: 'kill-at', machine, yieldPoint, downMs: 100 }] }
    }
  }
  for (let write = 1; write <= calm.brokerWrites; write++) {
    yield { ...base, seed: seed + write, faults: [{ kind: 'broker-write', atMs: 0, write, downMs: 100 }] }
  }
}

/** Stops each process once at each of its yield points, for longer than its session and its transaction may last. */
export async function* everyStop(seed: number, given: PlanGiven): AsyncGenerator<Plan> {
  const base = smallPlan(seed, given)
  const calm = await runChecked(base)
  const forMs = Math.max(base.sessionTimeoutMs, base.transactionTimeoutMs) * 1.5
  for (const [machine, yields] of calm.yields.entries()) {
    for (let yieldPoint = 1; yieldPoint <= yields; yieldPoint++) {
      yield { ...base, faults: [{ kind: 'stop-at', machine, yieldPoint, forMs }] }
    }
  }
}

/** Kills at two yield points, of one process or of two, drawn at random; one of the two may be a stop. */
export async function* pairs(seed: number, runs: number, given: PlanGiven): AsyncGenerator<Plan> {
  const base = smallPlan(seed, given)
  const calm = await runChecked(base)
  const random = new SeededRandom(seed, 'pairs')
  const strike = (): Fault => {
    const machine = random.between(0, base.machines - 1)
    const yieldPoint = random.between(1, Math.ceil((calm.yields[machine] ?? 1) * 1.5))
    if (random.chance(0.25)) return { kind: 'stop-at', machine, yieldPoint, forMs: base.sessionTimeoutMs * 1.5 }
    const downMs = random.pick([10, 100, base.sessionTimeoutMs * 1.5])
    return { kind: 'kill-at', machine, yieldPoint, downMs }
  }
  for (let i = 0; i < runs; i++) yield { ...base, faults: [strike(), strike()] }
}

/** The smallest plan found that still fails: without faults that do not matter, then with less input, fewer processes. */
export async function shrink(
  failing: Plan,
  run: (plan: Plan) => Promise<Outcome> = async (plan) => runChecked(plan),
): Promise<Plan> {
  let best = failing
  const fails = async (plan: Plan): Promise<boolean> => (await run(plan)).violations.length > 0
  for (let i = 0; i < best.faults.length;) {
    const without = { ...best, faults: best.faults.filter((_, j) => j !== i) }
    if (await fails(without)) best = without
    else i++
  }
  const smaller: ((plan: Plan) => Plan | null)[] = [
    (plan) => (plan.upstreams > 1 ? { ...plan, upstreams: 1 } : null),
    (plan) => (plan.batches > 1 ? { ...plan, batches: plan.batches >> 1 } : null),
    (plan) => (plan.batches > 1 ? { ...plan, batches: plan.batches - 1 } : null),
    (plan) => (plan.recordsPerBatch > 1 ? { ...plan, recordsPerBatch: plan.recordsPerBatch >> 1 } : null),
    (plan) => (plan.partitions > 1 ? { ...plan, partitions: plan.partitions - 1 } : null),
    (plan) => (plan.machines > 1 ? { ...plan, machines: plan.machines - 1 } : null),
    (plan) => (plan.standbys > 0 ? { ...plan, standbys: 0 } : null),
    (plan) => (plan.abortedInput > 0 ? { ...plan, abortedInput: 0 } : null),
    (plan) => (plan.nodes > 1 ? { ...plan, nodes: 1 } : null),
  ]
  for (const step of smaller) {
    for (let next = step(best); next !== null && (await fails(next)); next = step(best)) best = next
  }
  return best
}
