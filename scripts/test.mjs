// The test command: builds, checks formatting and lint, runs every test, and ends with the plain line "N passed, N failed".
// Arguments go to vitest (file name filters). With filters, only the tests run.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const filters = process.argv.slice(2)
const report = `${root}.cache/vitest.json`
let passed = 0
let failed = 0

function step(name, file, args) {
  const run = spawnSync(process.execPath, [root + file, ...args], { cwd: root, stdio: 'inherit' })
  if (run.status === 0) passed += 1
  else failed += 1
  if (run.status !== 0) console.log(`failed: ${name}`)
  return run.status === 0
}

mkdirSync(`${root}.cache`, { recursive: true })
rmSync(report, { force: true })
const built = step('build and types', 'node_modules/typescript/bin/tsc', ['-b'])
if (built && filters.length === 0) {
  step('lint', 'node_modules/oxlint/bin/oxlint', ['--type-aware'])
  step('format', 'node_modules/oxfmt/bin/oxfmt', ['--check'])
}
if (built) {
  const vitest = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters]
  const run = spawnSync(process.execPath, [`${root}node_modules/vitest/vitest.mjs`, ...vitest], {
    cwd: root,
    stdio: 'inherit',
  })
  try {
    const result = JSON.parse(readFileSync(report, 'utf8'))
    passed += result.numPassedTests
    failed += result.numFailedTests
    // a file that does not load has no tests of its own
    failed += result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0).length
    if (result.numPendingTests > 0) console.log(`${result.numPendingTests} skipped, each with its reason above`)
  } catch (error) {
    console.log(`failed: the test runner left no report (${error.message})`)
    failed += 1
  }
  if (run.status !== 0 && failed === 0) failed += 1
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
