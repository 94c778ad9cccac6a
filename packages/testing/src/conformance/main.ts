/**
 * `npm run -s conformance -- PATH…`: runs golden vectors of Kafka Streams and compares.
 *
 * Paths are files and folders; `.json` holds one vector, `.jsonl` one per line. Every failing vector is printed with its
 * first difference, and the last line is `N passed, N failed`. With `--group` a line per group comes before it.
 *
 * `--drive test` (default) is the test driver; `--drive broker` runs each vector as an application on an embedded broker,
 * and counts with whose results they were compared, and those that cannot be compared there, with the reasons.
 */
import { parseArgs } from 'node:util'
import { requireWord } from '@millrace/core/internal'
import { existingPaths, exitCodeOf, runCommandLine } from '../command-line.ts'
import { type BrokerOutcome, runOnBroker } from './broker-drive.ts'
import { findVectors, type FoundVector } from './find-vectors.ts'
import { runVector } from './run-vector.ts'

interface Tally {
  passed: number
  failed: number
}

const tallyText = ({ passed, failed }: Tally): string => `${passed} passed, ${failed} failed`

const drives = ['test', 'broker'] as const

/** Vectors that run at the same time: they mostly wait. */
const lanes = 8

interface Outcome extends BrokerOutcome {
  readonly found: FoundVector
}

async function onBroker(all: readonly FoundVector[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const waiting = all.entries()
  const lane = async (): Promise<void> => {
    for (const [at, found] of waiting) {
      outcomes[at] = { found, ...(await runOnBroker(found.vector)) }
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return outcomes
}

function report(outcomes: readonly Outcome[], withGroups: boolean): number {
  const groups = new Map<string, Tally>()
  const left = new Map<string, number>()
  const references = new Map<string, number>()
  const total: Tally = { passed: 0, failed: 0 }
  for (const { found, difference, skipped, reference } of outcomes) {
    if (skipped !== null) {
      left.set(skipped, (left.get(skipped) ?? 0) + 1)
      continue
    }
    if (reference !== null) references.set(reference, (references.get(reference) ?? 0) + 1)
    const tally = groups.get(found.group) ?? { passed: 0, failed: 0 }
    groups.set(found.group, tally)
    if (difference !== null) process.stdout.write(`FAIL ${found.name}: ${difference}\n`)
    for (const each of [tally, total]) each[difference === null ? 'passed' : 'failed']++
  }
  if (withGroups) for (const [group, tally] of groups) process.stdout.write(`${group}: ${tallyText(tally)}\n`)
  for (const [whose, count] of references) process.stdout.write(`compared with ${whose}: ${count}\n`)
  for (const [why, count] of left) process.stdout.write(`left out, ${why}: ${count}\n`)
  process.stdout.write(`${tallyText(total)}\n`)
  return exitCodeOf(total.passed, total.failed)
}

interface ConformanceArguments {
  readonly paths: readonly string[]
  readonly drive: (typeof drives)[number]
  readonly group: boolean
}

function read(): ConformanceArguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { group: { type: 'boolean', default: false }, drive: { type: 'string', default: 'test' } },
  })
  return {
    paths: existingPaths(positionals),
    drive: requireWord('--drive', values.drive as (typeof drives)[number], drives),
    group: values.group,
  }
}

async function run({ paths, drive, group }: ConformanceArguments): Promise<number> {
  const all = findVectors(paths)
  const outcomes =
    drive === 'broker'
      ? await onBroker(all)
      : all.map((found): Outcome => ({ found, difference: runVector(found.vector), skipped: null, reference: null }))
  return report(outcomes, group)
}

await runCommandLine({ usage: 'usage: conformance [--group] [--drive test|broker] PATH…', read, run })
