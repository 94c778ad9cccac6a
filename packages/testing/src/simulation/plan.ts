/**
 * What a seed means: the size of a run, the settings of the application, and every fault in it. A plan is plain data, drawn
 * from the seed once, so that it can be printed, cut down and run again.
 */
import type { BrokerVersion } from '@millrace/broker'
import { type NetworkFaults, quietNetwork } from './virtual-network.ts'
import { drawnScenarios } from './scenario/all.ts'
import { SeededRandom } from './seeded-random.ts'
import { drawUpkeep, type Upkeep } from './upkeep.ts'

/** One fault. Times are ms since the start; `machine` is an index. */
export type Fault =
  | { readonly kind: 'kill'; readonly machine: number; readonly atMs: number; readonly downMs: number }
  | { readonly kind: 'kill-at'; readonly machine: number; readonly yieldPoint: number; readonly downMs: number }
  | { readonly kind: 'stop-at'; readonly machine: number; readonly yieldPoint: number; readonly forMs: number }
  | ({ readonly kind: 'kill-in' } & InStep)
  | ({ readonly kind: 'stop-in' } & InStep)
  | ({ readonly kind: 'restart-in' } & InStep)
  | { readonly kind: 'power'; readonly machine: number; readonly atMs: number; readonly downMs: number }
  | { readonly kind: 'stop'; readonly machine: number; readonly atMs: number; readonly forMs: number }
  | { readonly kind: 'disk-lost'; readonly machine: number; readonly atMs: number; readonly downMs: number }
  | { readonly kind: 'disk-full'; readonly machine: number; readonly atMs: number; readonly forMs: number }
  | { readonly kind: 'restart'; readonly machine: number; readonly atMs: number; readonly leaveGroup: boolean }
  | { readonly kind: 'clock'; readonly machine: number; readonly atMs: number; readonly jumpMs: number }
  | {
      readonly kind: 'partition'
      readonly machine: number
      readonly node: number
      readonly atMs: number
      readonly forMs: number
      /** Only answers are held up. */
      readonly oneWay: boolean
    }
  | { readonly kind: 'broker'; readonly atMs: number; readonly downMs: number }
  | { readonly kind: 'broker-write'; readonly atMs: number; readonly write: number; readonly downMs: number }
  | { readonly kind: 'coordinators'; readonly atMs: number }
  | { readonly kind: 'leaders'; readonly atMs: number }
  | { readonly kind: 'network'; readonly atMs: number; readonly forMs: number; readonly faults: NetworkFaults }

/** When a process is at a certain step. */
interface InStep {
  readonly machine: number
  /** What the process is about to do, or has just been answered. */
  readonly step: string
  /** At which time of doing it. */
  readonly nth: number
  readonly forMs: number
}

/** One run. */
export interface Plan {
  readonly seed: number
  /** Name of a scenario. */
  readonly topology: string
  readonly version: BrokerVersion
  readonly nodes: number
  readonly guarantee: 'exactly-once' | 'at-least-once'
  readonly machines: number
  readonly partitions: number
  /** Batches that each upstream producer writes. */
  readonly batches: number
  readonly recordsPerBatch: number
  readonly batchEveryMs: number
  /** Share of upstream batches in transactions that are aborted. */
  readonly abortedInput: number
  readonly upstreams: number
  readonly commitIntervalMs: number
  readonly sessionTimeoutMs: number
  readonly transactionTimeoutMs: number
  readonly standbys: number
  readonly cacheBytes: number
  readonly purgeIntervalMs: number
  readonly networkDelayMs: number
  /** Of one partition in one fetch. */
  readonly fetchBytes: number
  /** Longest time after which a decided transaction is marked in one of its partitions. */
  readonly markerDelayMs: number
  /** What the brokers do by themselves; absent or null = nothing. */
  readonly upkeep?: Upkeep | null
  readonly faults: readonly Fault[]
}

/** A kind of fault. */
export type FaultKind = Fault['kind']

/** Kinds of faults that a swarm switches on and off; each seed has about half of them. */
export const faultKinds: readonly FaultKind[] = [
  'kill',
  'kill-at',
  'kill-in',
  'stop-in',
  'restart-in',
  'stop-at',
  'power',
  'stop',
  'disk-lost',
  'disk-full',
  'restart',
  'clock',
  'partition',
  'broker',
  'broker-write',
  'coordinators',
  'leaders',
  'network',
]

/** The steps of a process between which it matters most where it stops. */
export const steps = [
  'send produce InitProducerId',
  'send produce AddPartitionsToTxn',
  'send produce Produce',
  'answer produce Produce',
  'send produce AddOffsetsToTxn',
  'send produce TxnOffsetCommit',
  'answer produce TxnOffsetCommit',
  'send produce EndTxn',
  'answer produce EndTxn',
  'send admin OffsetCommit',
  'answer admin OffsetCommit',
  'disk write',
  'disk written',
  'answer admin OffsetFetch',
  'answer restore ListOffsets',
  'answer restore Fetch',
  'answer restore Fetch',
  'disk write',
  'disk written',
  'answer produce TxnOffsetCommit',
  'answer group JoinGroup',
  'answer group SyncGroup',
] as const

/** What of a plan is given instead of drawn. */
export type PlanGiven = Partial<Omit<Plan, 'seed'>> & {
  /** Only faults of these kinds. */
  readonly kinds?: readonly FaultKind[]
}

/** Draws the plan of a seed. */
export function drawPlan(seed: number, { kinds: wanted, ...given }: PlanGiven = {}): Plan {
  const random = new SeededRandom(seed, 'plan')
  const plan: Plan = {
    seed,
    topology: random.pick(drawnScenarios),
    version: random.chance(0.5) ? '4.x' : '3.9',
    nodes: random.chance(0.5) ? 3 : 1,
    guarantee: random.chance(0.85) ? 'exactly-once' : 'at-least-once',
    machines: random.between(1, 3),
    partitions: random.between(1, 3),
    batches: random.between(5, 20),
    recordsPerBatch: random.between(1, 8),
    batchEveryMs: random.between(20, 250),
    abortedInput: random.chance(0.5) ? random.next() * 0.5 : 0,
    upstreams: random.between(1, 2),
    commitIntervalMs: random.pick([20, 100, 100, 300, 800]),
    sessionTimeoutMs: random.pick([1500, 1500, 3000]),
    transactionTimeoutMs: random.pick([1000, 2500, 2500, 8000]),
    standbys: random.chance(0.3) ? 1 : 0,
    cacheBytes: random.chance(0.5) ? 0 : 1024 * 1024,
    purgeIntervalMs: random.pick([500, 100_000_000]),
    networkDelayMs: random.pick([1, 5, 5, 50]),
    fetchBytes: random.pick([1_048_576, 1_048_576, 300]),
    markerDelayMs: random.pick([0, 30, 300]),
    faults: [],
    ...given,
  }
  // At-least-once reads what is not committed, too: with aborted input there is no right answer to compare with.
  const abortedInput = plan.guarantee === 'at-least-once' ? 0 : plan.abortedInput
  const faults = given.faults ?? drawFaults(random, plan, wanted)
  const isLate = faults.some(({ kind }) => kind === 'network' || kind === 'partition')
  const upkeep = given.upkeep === undefined ? drawUpkeep(seed, { topology: plan.topology, isLate }) : given.upkeep
  return { ...plan, abortedInput, upkeep, faults }
}

function drawFaults(random: SeededRandom, plan: Plan, wanted: PlanGiven['kinds']): Fault[] {
  const on = wanted === undefined ? faultKinds.filter(() => random.chance(0.5)) : [...wanted]
  if (on.length === 0) return []
  const untilMs = 1000 + plan.batches * plan.batchEveryMs
  const count = random.between(1, 8)
  return Array.from({ length: count }, () => drawFault(random, { plan, kind: random.pick(on), untilMs }))
}

function drawFault(
  random: SeededRandom,
  at: { readonly plan: Plan; readonly kind: Fault['kind']; readonly untilMs: number },
): Fault {
  const { plan, kind, untilMs } = at
  const machine = random.between(0, plan.machines - 1)
  const atMs = random.between(0, untilMs)
  const downMs = random.pick([10, 100, 500, plan.sessionTimeoutMs * 1.5])
  switch (kind) {
    case 'kill-at':
      return { kind, machine, yieldPoint: random.between(1, 400), downMs }
    case 'stop-at':
      return { kind, machine, yieldPoint: random.between(1, 400), forMs: drawStop(random, plan) }
    case 'disk-full':
      return { kind, machine, atMs, forMs: random.pick([500, 5000]) }
    case 'kill-in':
    case 'restart-in':
    case 'stop-in': {
      const step = random.pick(steps)
      const forMs = kind === 'stop-in' ? drawStop(random, plan) : downMs
      return { kind, machine, step, nth: random.between(1, 12), forMs }
    }
    case 'kill':
    case 'power':
    case 'disk-lost':
      return { kind, machine, atMs, downMs }
    case 'stop':
      return { kind, machine, atMs, forMs: drawStop(random, plan) }
    case 'restart':
      return { kind, machine, atMs, leaveGroup: random.chance(0.5) }
    case 'clock': {
      // Ticks of a clock that went back come when it has caught up: there they would come after the end.
      const back = plan.topology === 'ticks' ? [] : [-3_600_000, -1000]
      return { kind, machine, atMs, jumpMs: random.pick([...back, 60_000, 259_200_000]) }
    }
    case 'partition':
      return {
        kind,
        machine,
        node: random.between(1, plan.nodes),
        atMs,
        forMs: random.pick([200, 2000, 6000]),
        oneWay: random.chance(0.5),
      }
    case 'broker':
      return { kind, atMs, downMs: random.pick([10, 300, 2000]) }
    case 'broker-write':
      return { kind, atMs, write: random.between(1, 30), downMs: random.pick([10, 300]) }
    case 'coordinators':
    case 'leaders':
      return { kind, atMs }
    case 'network':
      return { kind, atMs, forMs: random.pick([300, 1500, 5000]), faults: drawNetwork(random, plan) }
  }
}

/** Short, longer than the session, longer than a transaction, longer than both. */
function drawStop(random: SeededRandom, { sessionTimeoutMs, transactionTimeoutMs }: Plan): number {
  const longMs = Math.max(sessionTimeoutMs, transactionTimeoutMs)
  return random.pick([200, sessionTimeoutMs * 1.2, transactionTimeoutMs * 1.2, longMs * 1.5])
}

function drawNetwork(random: SeededRandom, plan: Plan): NetworkFaults {
  const some = (most: number): number => (random.chance(0.5) ? random.next() * most : 0)
  return {
    ...quietNetwork,
    delayMs: [0, random.pick([plan.networkDelayMs, 100, 400])],
    lostRequests: some(0.2),
    lateRequests: some(0.1),
    lateMs: random.pick([500, plan.transactionTimeoutMs * 1.5]),
    lostAnswers: some(0.2),
    silentAnswers: some(0.02),
  }
}
