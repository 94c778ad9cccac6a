/**
 * `npm run -s conformance:wire -- PATH…`: runs wire vectors from files and folders (.json, .jsonl).
 *
 * Prints every vector that fails with its first difference and, as the last line, `N passed, N failed`. The exit code is
 * 1 when something failed or nothing was run, 2 when a path does not exist.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { existingPaths, exitCodeOf, runCommandLine } from '../command-line.ts'
import { prepareWire, runWireDocument, type WireFailure } from './wire.ts'

const vectorFile = /\.jsonl?$/

function read(): readonly string[] {
  return existingPaths(parseArgs({ allowPositionals: true, options: {} }).positionals)
}

async function run(paths: readonly string[]): Promise<number> {
  let passed = 0
  const failures: WireFailure[] = []
  await prepareWire()
  for (const path of paths) {
    const files = attempt(path, failures, () => filesOf(path)) ?? []
    for (const file of files) {
      const documents = attempt(file, failures, () => documentsOf(file)) ?? []
      for (const document of documents) {
        const result = runWireDocument(file, document)
        passed += result.passed
        failures.push(...result.failures)
      }
    }
  }
  const lines = failures.map(({ vector, difference }) => `FAILED ${vector}: ${difference}`)
  process.stdout.write([...lines, `${passed} passed, ${failures.length} failed`, ''].join('\n'))
  return exitCodeOf(passed, failures.length)
}

/** The file itself, or every vector file below a folder, in order of name. */
function filesOf(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path]
  const entries = readdirSync(path).toSorted()
  return entries.flatMap((name) => {
    const inner = join(path, name)
    return vectorFile.test(name) || statSync(inner).isDirectory() ? filesOf(inner) : []
  })
}

/** A .json file is one document, a .jsonl file one per line. */
function documentsOf(file: string): unknown[] {
  const text = readFileSync(file, 'utf8')
  if (!file.endsWith('.jsonl')) return [JSON.parse(text)]
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => JSON.parse(line) as unknown)
}

function attempt<T>(what: string, failures: WireFailure[], read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    failures.push({ vector: what, difference: error instanceof Error ? error.message : String(error) })
    return null
  }
}

await runCommandLine({ usage: 'usage: conformance:wire PATH…', read, run })
