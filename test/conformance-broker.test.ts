/**
 * Goal: the whole runtime on a broker writes what Kafka Streams writes. Method: golden vectors of every group run as
 * applications on embedded brokers, record by record; all of them run with `npm run conformance -- --drive broker`.
 */
import { join } from 'node:path'
import { findVectors, type FoundVector, runOnBroker, whyNotOnBroker } from '@millrace/testing/internal'
import { expect, it } from 'vitest'

/** Vectors of each group, spread over it. */
const perGroup = 5

/** Vectors of each group, and one for every value of a property that these leave out. */
function selection(): FoundVector[] {
  const groups = new Map<string, FoundVector[]>()
  for (const found of findVectors([join(import.meta.dirname, 'conformance/streams')])) {
    groups.set(found.group, [...(groups.get(found.group) ?? []), found])
  }
  const spread = [...groups.values()].flatMap((all) => {
    const stride = Math.max(1, Math.floor(all.length / perGroup))
    return all.filter((_, i) => i % stride === 0).slice(0, perGroup)
  })
  const settings = new Set(spread.flatMap((found) => newSettings(found, new Set())))
  const more = [...groups.values()].flat().filter((found) => {
    const missing = newSettings(found, settings)
    for (const setting of missing) settings.add(setting)
    return missing.length > 0
  })
  return [...spread, ...more]
}

/** Values of properties in a vector that runs on a broker, without those known. */
function newSettings({ vector }: FoundVector, known: ReadonlySet<string>): string[] {
  const all = Object.entries(vector.config ?? {}).map(([name, value]) => `${name}=${value}`)
  const missing = all.filter((setting) => !known.has(setting))
  return missing.length === 0 || whyNotOnBroker(vector) !== null ? [] : missing
}

it('writes to every topic what Kafka Streams writes, and ends with its errors', async () => {
  const waiting = selection().values()
  const failing: string[] = []
  let compared = 0
  const lane = async (): Promise<void> => {
    for (const { name, vector } of waiting) {
      const { skipped, difference } = await runOnBroker(vector)
      if (skipped === null) compared++
      if (difference !== null) failing.push(`${name}: ${difference}`)
    }
  }
  await Promise.all([lane(), lane(), lane(), lane()])
  expect(failing).toEqual([])
  expect(compared).toBeGreaterThan(130)
}, 60_000)
