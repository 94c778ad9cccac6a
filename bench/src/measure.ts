/**
 * Paired measurement: all candidates run in turns within one process and one hour, so that what the machine does to one it
 * does to the others. The figure is CPU time (user + system of the process); ratios of the same round are what counts.
 */
export interface Candidate {
  readonly name: string
  /** Processes all records once. */
  run(): void | Promise<void>
}

export interface Figure {
  readonly name: string
  /** Median CPU nanoseconds per record. */
  readonly nsPerRecord: number
  /** Median over rounds of first candidate's CPU ÷ this one's: 1 = as fast as the first. */
  readonly ratioToFirst: number
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

/** The first candidate is the yardstick. Two warm-up rounds, then `rounds` measured ones, order alternating. */
export async function measure(candidates: readonly Candidate[], records: number, rounds: number): Promise<Figure[]> {
  const spent = new Map<string, number[]>(candidates.map(({ name }) => [name, []]))
  for (let round = -2; round < rounds; round++) {
    const order = round % 2 === 0 ? candidates : candidates.toReversed()
    for (const candidate of order) {
      const before = process.cpuUsage()
      await candidate.run()
      const used = process.cpuUsage(before)
      if (round >= 0) spent.get(candidate.name)?.push(((used.user + used.system) * 1_000) / records)
    }
  }
  const first = spent.get(candidates[0]?.name ?? '') ?? []
  return candidates.map(({ name }) => {
    const own = spent.get(name) ?? []
    return { name, nsPerRecord: median(own), ratioToFirst: median(own.map((ns, i) => (first[i] ?? 0) / ns)) }
  })
}

export function print(title: string, figures: readonly Figure[]): void {
  console.log(`\n${title}`)
  console.log('  CPU ns/record   × yardstick')
  for (const { name, nsPerRecord, ratioToFirst } of figures)
    console.log(`  ${nsPerRecord.toFixed(0).padStart(13)}   ${ratioToFirst.toFixed(2).padStart(11)}   ${name}`)
}
