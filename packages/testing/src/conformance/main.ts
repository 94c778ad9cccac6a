/**
 * `npm run -s conformance -- PATH…`: runs golden vectors of Kafka Streams and compares.
 *
 * Paths are files and folders; `.json` holds one vector, `.jsonl` one per line. Every failing vector is printed with its
 * first difference, and the last line is `N passed, N failed`. With `--group` a line per group comes before it.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { runVector } from './run-vector.ts'
import type { Vector } from './vector.ts'

interface Found {
  readonly group: string
  readonly name: string
  readonly vector: Vector
}

interface Tally {
  passed: number
  failed: number
}

/** All vectors under the paths, in order of their names. */
export function findVectors(paths: readonly string[]): Found[] {
  return paths.flatMap((path) => (statSync(path).isDirectory() ? inFolder(path) : inFile(path)))
}

function inFolder(folder: string): Found[] {
  const entries = readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  return entries.flatMap((entry) => {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) return inFolder(path)
    return /\.jsonl?$/.test(entry.name) ? inFile(path).filter(({ vector }) => Array.isArray(vector.topology)) : []
  })
}

function inFile(path: string): Found[] {
  const group = basename(dirname(path))
  const source = readFileSync(path, 'utf8')
  if (!path.endsWith('.jsonl')) return [{ group, name: `${group}/${basename(path)}`, vector: JSON.parse(source) }]
  const lines = source.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => {
    const vector = JSON.parse(line) as Vector
    return { group, name: `${group}/${basename(path)}#${vector.name}`, vector }
  })
}

function main(args: readonly string[]): number {
  const byGroup = args.includes('--group')
  const paths = args.filter((arg) => arg !== '--group')
  if (paths.length === 0) {
    process.stderr.write('usage: conformance [--group] PATH…\n')
    return 2
  }
  const groups = new Map<string, Tally>()
  const total: Tally = { passed: 0, failed: 0 }
  for (const { group, name, vector } of findVectors(paths)) {
    const found = runVector(vector)
    const tally = groups.get(group) ?? { passed: 0, failed: 0 }
    groups.set(group, tally)
    if (found !== null) process.stdout.write(`FAIL ${name}: ${found}\n`)
    for (const each of [tally, total]) each[found === null ? 'passed' : 'failed']++
  }
  if (byGroup)
    for (const [group, { passed, failed }] of groups)
      process.stdout.write(`${group}: ${passed} passed, ${failed} failed\n`)
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`)
  return total.failed === 0 ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
