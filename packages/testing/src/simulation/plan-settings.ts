/**
 * Parts of a plan that people give: names nobody reads and values that no run can have are refused before anything runs,
 * and are never reported as a failure of the application.
 */
import { ConfigError } from '@millrace/core'
import { nearestName, requireWord } from '@millrace/core/internal'
import { type FaultKind, faultKinds, type Plan, type PlanGiven } from './plan.ts'
import type { Upkeep } from './upkeep.ts'

/** How large a run is and how its cluster and its applications are set; what is not given, the seed decides. Times in ms. */
export type SimulationSettings = Partial<
  Pick<
    Plan,
    | 'version'
    | 'nodes'
    | 'machines'
    | 'partitions'
    | 'upstreams'
    | 'batches'
    | 'recordsPerBatch'
    | 'batchEveryMs'
    | 'abortedInput'
    | 'commitIntervalMs'
    | 'sessionTimeoutMs'
    | 'transactionTimeoutMs'
    | 'standbys'
    | 'cacheBytes'
    | 'networkDelayMs'
    | 'markerDelayMs'
    | 'upkeep'
  >
>

/** The smallest value a number may have. Brokers refuse shorter sessions (`group.min.session.timeout.ms` of the simulation). */
const least = {
  nodes: 1,
  machines: 1,
  partitions: 1,
  upstreams: 1,
  batches: 1,
  recordsPerBatch: 1,
  batchEveryMs: 0,
  commitIntervalMs: 1,
  sessionTimeoutMs: 100,
  transactionTimeoutMs: 1,
  standbys: 0,
  cacheBytes: 0,
  networkDelayMs: 0,
  markerDelayMs: 0,
  purgeIntervalMs: 1,
  fetchBytes: 1,
} as const

type Check = (option: string, value: unknown) => void

const fromOn =
  (smallest: number): Check =>
  (option, value) => {
    if (Number.isSafeInteger(value) && Number(value) >= smallest) return
    throw invalid(option, value, `a whole number from ${smallest} on`)
  }

const isShare: Check = (option, value) => {
  if (typeof value === 'number' && value >= 0 && value <= 1) return
  throw invalid(option, value, 'a share from 0 to 1')
}

const upkeepNames = {
  everyMs: 1,
  segmentBytes: 14,
  dirtyRatio: 0,
  deleteRetentionMs: 0,
  producerIdExpiryMs: 1,
  transactionalIdExpiryMs: 1,
} as const satisfies Record<keyof Upkeep, number>

/** Absent or null = none; otherwise all of its numbers. */
const isUpkeep: Check = (option, value) => {
  if (value === undefined || value === null) return
  const given = checked(option, value as Upkeep, { ...allFromOn(upkeepNames), dirtyRatio: isShare })
  for (const name of Object.keys(upkeepNames) as (keyof Upkeep)[]) {
    if (given[name] === undefined) throw invalid(`${option}.${name}`, undefined, 'a number, or upkeep: null')
  }
}

const settingChecks: Readonly<Record<keyof SimulationSettings, Check>> = {
  ...allFromOn(least),
  version: (option, value) => requireWord(option, value as Plan['version'], ['3.9', '4.x']),
  abortedInput: isShare,
  upkeep: isUpkeep,
}

const planChecks: Readonly<Record<keyof Omit<Plan, 'topology' | 'faults'>, Check>> = {
  ...allFromOn(least),
  ...settingChecks,
  seed: fromOn(0),
  guarantee: (option, value) =>
    requireWord(option, value as Plan['guarantee'], ['exactly-once', 'at-least-once'] as const),
}

/** Built-in names lie in `topology`; a user's plan has a name of its own, so whoever knows the names checks them. */
const isText: Check = (option, value) => {
  if (typeof value !== 'string') throw invalid(option, value, 'the name of a topology')
}

const areFaults: Check = (option, value) => {
  if (!Array.isArray(value)) throw invalid(option, value, 'a list of faults')
  for (const fault of value as readonly { readonly kind?: FaultKind }[]) {
    requireWord(`${option}.kind`, fault?.kind as FaultKind, faultKinds)
  }
}

/**
 * @param option how the settings are called where they were given
 * @returns those that are not undefined
 * @throws {MR_CONFIG_UNKNOWN} {MR_CONFIG_INVALID} (ConfigError) a name that is none, with the nearest; a wrong value
 */
export function checkedSettings(option: string, settings: SimulationSettings): SimulationSettings {
  return checked(option, settings, settingChecks)
}

/** As `checkedSettings`, for any part of a plan but its seed. */
export function checkedGiven(option: string, given: PlanGiven): PlanGiven {
  const { seed: _, ...checks } = planChecks
  const kinds: Check = (name, value) => {
    if (!Array.isArray(value)) throw invalid(name, value, 'a list of kinds of faults')
    for (const kind of value as readonly FaultKind[]) requireWord(name, kind, faultKinds)
  }
  return checked(option, given, { ...checks, topology: isText, faults: areFaults, kinds })
}

/** As `checkedSettings`, for a whole plan: it must have every part. */
export function checkedPlan(option: string, plan: Plan): Plan {
  const checks = { ...planChecks, topology: isText, faults: areFaults }
  const found = checked(option, plan, checks)
  for (const [name, check] of Object.entries(checks) as [keyof Plan, Check][]) {
    if (found[name] === undefined) check(`${option}.${name}`, undefined)
  }
  return found
}

function checked<T extends object>(option: string, given: T, checks: Readonly<Record<string, Check>>): T {
  if (typeof given !== 'object' || given === null) throw invalid(option, given, 'an object')
  const set = Object.entries(given).filter(([, value]) => value !== undefined)
  for (const [name, value] of set) {
    const check = Object.hasOwn(checks, name) ? checks[name] : undefined
    if (check === undefined) {
      const nearest = nearestName(name, Object.keys(checks))
      if (nearest === null) throw invalid(option, { [name]: value }, `any of ${Object.keys(checks).join(', ')}`)
      throw new ConfigError('MR_CONFIG_UNKNOWN', { option: `${option}.${name}`, nearest: `${option}.${nearest}` })
    }
    check(`${option}.${name}`, value)
  }
  return Object.fromEntries(set) as T
}

function allFromOn<N extends string>(smallest: Readonly<Record<N, number>>): Record<N, Check> {
  return Object.fromEntries(Object.entries<number>(smallest).map(([name, from]) => [name, fromOn(from)])) as Record<
    N,
    Check
  >
}

function invalid(option: string, value: unknown, accepted: string): ConfigError {
  return new ConfigError('MR_CONFIG_INVALID', { option, value: JSON.stringify(value) ?? String(value), accepted })
}
