/**
 * Checks the checkers: each planted defect must be found within its number of seeds (faults.md 5.5). A defect that is not
 * found means that the simulation is blind there.
 */
import { type PlantedFault, plantableFaults, plantedActs, plantFault } from '@millrace/protocol/internal'
import { everyCrash, type OnRan, runAll, runChecked, swarm } from './explorer.ts'
import type { Plan, PlanGiven } from './plan.ts'

/** Where a defect shows, and within how many seeds it must. */
export interface Row {
  readonly seeds: number
  /** What is not left to the seed, so that the defect shows soon; the table says it in "drawn from". */
  readonly given: PlanGiven
  /** Every single crash of a small run, in place of a swarm; `seeds` are then runs. */
  readonly crash?: boolean
}

const rows: Readonly<Record<PlantedFault, Row>> = {
  'unstable-offsets': { seeds: 200, given: { kinds: ['stop-in'] } },
  'commit-without-generation': { seeds: 200, given: {} },
  'state-before-end': { seeds: 500, given: { topology: 'count' }, crash: true },
  'position-apart': { seeds: 500, given: { topology: 'count' }, crash: true },
  'end-as-position': { seeds: 500, given: { topology: 'count', kinds: ['restart-in', 'disk-lost'] } },
  'end-again': {
    seeds: 1000,
    given: {
      version: '3.9',
      guarantee: 'exactly-once',
      topology: 'count',
      commitIntervalMs: 20,
      abortedInput: 0,
      kinds: ['network'],
    },
  },
  'send-anew': { seeds: 1000, given: {} },
  'producer-reused': {
    seeds: 1000,
    given: { version: '3.9', recordsPerBatch: 1, kinds: ['network', 'broker', 'stop'] },
  },
  'answer-for-all': { seeds: 300, given: {} },
  'unawaited-send': { seeds: 100, given: {} },
  'aborted-by-key': { seeds: 100, given: { topology: 'copy' } },
  'aborted-unsorted': { seeds: 100, given: {} },
  'aborted-one-by-one': { seeds: 100, given: {} },
  'restore-by-record': { seeds: 50, given: { topology: 'count' } },
  'restore-to-stable': {
    seeds: 500,
    given: {
      topology: 'count',
      guarantee: 'exactly-once',
      machines: 2,
      markerDelayMs: 300,
      networkDelayMs: 1,
      abortedInput: 0,
      kinds: ['restart', 'restart-in'],
    },
  },
  'no-heartbeat-in-restore': {
    seeds: 100,
    given: {
      topology: 'count',
      machines: 2,
      sessionTimeoutMs: 1500,
      transactionTimeoutMs: 8000,
      commitIntervalMs: 500,
      kinds: ['stop'],
    },
  },
  'ring-off': { seeds: 100, given: { topology: 'count', kinds: ['power'] } },
  'stale-after-await': { seeds: 500, given: {} },
  'lease-of-member': { seeds: 500, given: { kinds: ['stop', 'stop-in'] } },
  'punctuation-unfenced': { seeds: 200, given: { topology: 'ticks' } },
  'overlay-kept': { seeds: 500, given: { topology: 'count', machines: 1, kinds: ['network', 'broker'] } },
  'offsets-first': { seeds: 100, given: { guarantee: 'at-least-once' } },
  'lapsed-writer': {
    seeds: 500,
    given: { guarantee: 'at-least-once', topology: 'count', kinds: ['stop', 'stop-in', 'broker'] },
  },
}

/** How one defect was found. */
export interface Found {
  readonly fault: PlantedFault
  readonly row: Row
  /** Seeds it took; null = not found within the limit. */
  readonly seeds: number | null
  /** What the checker said. */
  readonly said: string
  /** Seeds in which the defective code was reached. */
  readonly reached: number
  /** The plan that showed it. */
  readonly plan: Plan | null
}

/** How defects are looked for. */
export interface PlantedSearch {
  /** One of them, null = all. */
  readonly only: string | null
  /**
   * Plans that are known to show a defect, by its name, tried before the search, so that the check of all defects takes
   * seconds; a plan that no longer shows its defect only costs the search.
   */
  readonly known: ReadonlyMap<string, Plan>
  /** True = among seeds as they are drawn, nothing given, and among so many for each. */
  readonly plain: boolean
}

/** Of a search among plain seeds. */
const plainSeedsMax = 1000

/** Plants each defect in turn. */
export async function findPlanted(search: PlantedSearch, onFound: (found: Found) => void): Promise<Found[]> {
  const { only, known, plain } = search
  const all: Found[] = []
  for (const fault of Object.keys(plantableFaults) as PlantedFault[]) {
    if (only !== null && only !== fault) continue
    const found = await find(fault, plain ? plainRow : rows[fault], known.get(fault))
    onFound(found)
    all.push(found)
  }
  return all
}

const plainRow: Row = { seeds: plainSeedsMax, given: {} }

async function find(fault: PlantedFault, row: Row, known: Plan | undefined): Promise<Found> {
  const { seeds: limit, given, crash } = row
  let runs = 0
  let reached = 0
  let said: string | undefined
  let failing: Plan | undefined
  const onRan: OnRan = ({ plan, outcome }) => {
    failing = plan
    runs++
    if (plantedActs() > 0) reached++
    plantFault(fault)
    ;[said] = outcome.violations
    return said === undefined && runs < limit
  }
  plantFault(fault)
  try {
    if (known !== undefined) await runAll([known], {}, onRan)
    if (said === undefined) await runAll(crash === true ? everyCrash(1, given) : swarm(1, limit, given), {}, onRan)
  } finally {
    plantFault(null)
  }
  if (said === undefined || failing === undefined) return { fault, row, seeds: null, said: '', reached, plan: null }
  const [without] = (await runChecked(failing)).violations
  if (without !== undefined) {
    return { fault, row, seeds: null, said: `fails without it, too: ${without}`, reached, plan: failing }
  }
  return { fault, row, seeds: runs, said, reached, plan: failing }
}

const none = (reached: number): string => `not found (reached in ${reached})`

/** One seed, all whose crash points are tried in turn. */
function exhaustiveCells(points: number | null): string[] {
  return ['1, every point', points === null ? none(0) : `1, point ${points}`]
}

/** What a search was narrowed to. */
function drawnFrom(given: PlanGiven): string {
  const { kinds, ...settings } = given
  const parts = Object.entries(settings).map(([name, value]) => `${name} ${JSON.stringify(value).replaceAll('"', '')}`)
  if (kinds !== undefined) parts.push(`faults: ${kinds.join(', ')}`)
  return parts.length === 0 ? 'all seeds' : parts.join('; ')
}

/** A table in Markdown: head, rule, and a line for each defect. */
export function plantedTable(all: readonly Found[]): string[] {
  const cells = all.map(({ fault, row, seeds, said, reached }) => [
    fault,
    plantableFaults[fault],
    drawnFrom(row.given),
    ...(row.crash === true ? exhaustiveCells(seeds) : [String(row.seeds), String(seeds ?? none(reached))]),
    said.split('\n')[0]?.replaceAll('\0', '␀').slice(0, 100) ?? '',
  ])
  const head = ['defect', 'what is wrong', 'drawn from', 'limit', 'seeds needed', 'how it showed']
  const line = (row: readonly string[]): string => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...cells.map(line)]
}
