// Runs the vectors on the test driver and on an embedded broker, and writes docs/compatibility.json with the results and
// docs/compatibility.md from them: node scripts/compatibility.mjs (after a build; a minute or two).
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { compatibilityPage } from './compatibility-page.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const { findVectors, runOnBroker, runVector } = await import(`${root}packages/testing/dist/internal.js`)
const all = findVectors([`${root}test/conformance/streams`])

const driver = {}
for (const { group, vector } of all) {
  driver[group] ??= [0, 0]
  driver[group][1]++
  if (runVector(vector) === null) driver[group][0]++
}

const broker = { passed: 0, failed: 0, references: {}, leftOut: {} }
const add = (counts, name) => (counts[name] = (counts[name] ?? 0) + 1)
const waiting = all.values()
const lane = async () => {
  for (const { vector } of waiting) {
    const { skipped, reference, difference } = await runOnBroker(vector)
    if (skipped !== null) {
      add(broker.leftOut, skipped)
      continue
    }
    broker[difference === null ? 'passed' : 'failed']++
    if (reference !== null) add(broker.references, reference)
  }
}
await Promise.all(Array.from({ length: 8 }, lane))
for (const part of ['references', 'leftOut'])
  broker[part] = Object.fromEntries(
    Object.entries(broker[part]).toSorted((one, other) => other[1] - one[1] || (one[0] < other[0] ? -1 : 1)),
  )

const results = { driver, broker }
writeFileSync(`${root}docs/compatibility.json`, `${JSON.stringify(results, null, 2)}\n`)
writeFileSync(`${root}docs/compatibility.md`, compatibilityPage(results))
