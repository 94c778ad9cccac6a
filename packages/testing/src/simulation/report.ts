/** What many runs came to: counts, failures, and the lines that say so. */
import type { OnRan, Ran } from './explorer.ts'
import { type Counts, noCounts } from './world.ts'

/** More failures than this say nothing new. */
const failuresMax = 10

export class Report {
  readonly failures: Ran[] = []
  readonly counts: Counts = noCounts()
  runs = 0
  passed = 0
  private readonly write: (line: string) => void
  private readonly began = process.cpuUsage()

  /** @param write takes a line without its end */
  constructor(write: (line: string) => void) {
    this.write = write
  }

  readonly onRan: OnRan = (ran) => {
    this.runs++
    this.add(ran.outcome.counts)
    if (ran.outcome.violations.length === 0) this.passed++
    else {
      this.failures.push(ran)
      this.print(ran)
    }
    return this.failures.length < failuresMax
  }

  /** Adds the counts of other runs. */
  add(counts: Counts): void {
    for (const name of Object.keys(counts) as (keyof Counts)[]) this.counts[name] += counts[name]
  }

  /** A failed run with what it takes to repeat it. */
  print({ plan, outcome }: Ran): void {
    const lines = [`seed ${plan.seed} (${plan.topology}) failed after ${Math.round(outcome.tookMs)} virtual ms:`]
    lines.push(...outcome.violations.slice(0, 5).map((line) => `  ${line}`))
    if (outcome.violations.length > 5) lines.push(`  and ${outcome.violations.length - 5} more`)
    lines.push(`  plan: ${JSON.stringify(plan)}`)
    for (const line of lines) this.write(line)
  }

  /** @param runsEach how often each plan was run, for the speed */
  summary(runsEach: number): void {
    const { user, system } = process.cpuUsage(this.began)
    const perSecond = (this.runs * runsEach) / ((user + system) / 1e6)
    if (this.runs > 0) this.write(`${this.runs} runs: ${countsLine(this.counts)}; ${perSecond.toFixed(1)} runs/s/core`)
  }
}

/** Counts as one line. */
export function countsLine(counts: Counts): string {
  const { kills, powerLosses, diskLosses, stops, brokerCrashes, networkFaults, moves } = counts
  const { records, witnessed, compacted, shortened, states } = counts
  return [
    `${kills} kills (${powerLosses} with loss of power, ${diskLosses} with loss of the disk)`,
    `${stops} stops`,
    `${brokerCrashes} crashes of the broker`,
    `${networkFaults} network faults`,
    `${moves} moves of leaders and coordinators`,
    `${records} committed records checked, ${witnessed} of them for their generation`,
    `${compacted} logs compacted, ${shortened} others shortened`,
    `${states} states compared with their changelogs`,
  ].join(', ')
}
