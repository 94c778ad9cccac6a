/**
 * `npm run -s conformance -- PATH…`: runs golden vectors of Kafka Streams and compares.
 *
 * Paths are files and folders; `.json` holds one vector, `.jsonl` one per line. Every failing vector is printed with its
 * first difference, and the last line is `N passed, N failed`. With `--group` a line per group comes before it.
 */
import { findVectors } from './find-vectors.ts'
import { runVector } from './run-vector.ts'

interface Tally {
  passed: number
  failed: number
}

const tallyText = ({ passed, failed }: Tally): string => `${passed} passed, ${failed} failed`

function main(args: readonly string[]): number {
  const paths = args.filter((arg) => arg !== '--group')
  if (paths.length === 0) {
    process.stderr.write('usage: conformance [--group] PATH…\n')
    return 2
  }
  const groups = new Map<string, Tally>()
  const total: Tally = { passed: 0, failed: 0 }
  for (const { group, name, vector } of findVectors(paths)) {
    const difference = runVector(vector)
    const tally = groups.get(group) ?? { passed: 0, failed: 0 }
    groups.set(group, tally)
    if (difference !== null) process.stdout.write(`FAIL ${name}: ${difference}\n`)
    for (const each of [tally, total]) each[difference === null ? 'passed' : 'failed']++
  }
  if (args.includes('--group')) {
    for (const [group, tally] of groups) process.stdout.write(`${group}: ${tallyText(tally)}\n`)
  }
  process.stdout.write(`${tallyText(total)}\n`)
  return total.failed === 0 ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
