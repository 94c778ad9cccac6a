/**
 * Goal: docs/compatibility.md says what was measured. Method: the page is made again from the results beside it, and those
 * are held against the vectors there are; how many of each group pass is checked where they run (conformance.test.ts).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findVectors, whyNotOnBroker } from '@millrace/testing/internal'
import { expect, it } from 'vitest'

const { compatibilityPage } = (await import(new URL('../scripts/compatibility-page.mjs', import.meta.url).href)) as {
  readonly compatibilityPage: (results: object) => string
}
const docs = join(import.meta.dirname, '..', 'docs')
const results = JSON.parse(readFileSync(join(docs, 'compatibility.json'), 'utf8')) as {
  readonly driver: Readonly<Record<string, readonly [passed: number, all: number]>>
  readonly broker: {
    readonly passed: number
    readonly failed: number
    readonly references: Readonly<Record<string, number>>
    readonly leftOut: Readonly<Record<string, number>>
  }
}
const vectors = findVectors([join(import.meta.dirname, 'conformance', 'streams')])
const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((all, one) => all + one, 0)

it('docs/compatibility.md is what its script makes of docs/compatibility.json', () => {
  expect(readFileSync(join(docs, 'compatibility.md'), 'utf8')).toBe(compatibilityPage(results))
})

it('the results speak of the vectors there are', () => {
  const counts: Record<string, number> = {}
  for (const { group } of vectors) counts[group] = (counts[group] ?? 0) + 1
  expect(Object.fromEntries(Object.entries(results.driver).map(([group, [, all]]) => [group, all]))).toEqual(counts)
  const { broker } = results
  expect(sum(broker.references)).toBe(broker.passed + broker.failed)
  expect(broker.failed).toBe(0)
  const left: Record<string, number> = {}
  for (const { vector } of vectors) {
    const why = whyNotOnBroker(vector)
    if (why !== null) left[why] = (left[why] ?? 0) + 1
  }
  expect(broker.leftOut).toEqual(left)
  expect(broker.passed + sum(left)).toBe(vectors.length)
})
