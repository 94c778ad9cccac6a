/**
 * Goal: what Kafka Streams 4.3.1 does, bug for bug. Method: the golden vectors of its own test driver, run on ours; beside
 * them vectors of our own, made with the same driver (streams-own): what random ones have shown, and a random selection.
 *
 * A ratchet: a group passes whole or is listed as open, and the list may only shrink.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findVectors, type FoundVector, runVector } from '@millrace/testing/internal'
import { describe, expect, it } from 'vitest'

/** Groups in which vectors still fail. A group that passes whole must be taken out. */
const open: readonly string[] = []

const groups = new Map<string, FoundVector[]>()
for (const found of findVectors(
  ['streams', 'streams-own'].map((folder) => join(import.meta.dirname, 'conformance', folder)),
)) {
  groups.set(found.group, [...(groups.get(found.group) ?? []), found])
}

/** Passed and all, by group, as docs/compatibility.md has them. */
const { driver: published } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../docs/compatibility.json'), 'utf8'),
) as { readonly driver: Readonly<Record<string, readonly [passed: number, all: number]>> }

describe('conformance with Kafka Streams', () => {
  it('finds the vectors', () => {
    expect([...groups.values()].flat().length).toBeGreaterThanOrEqual(843)
    expect(open.filter((group) => !groups.has(group))).toEqual([])
  })

  for (const [group, vectors] of groups) {
    it(`${open.includes(group) ? 'has open differences in' : 'equals it in'} ${group} (${vectors.length} vectors)`, () => {
      const failing = vectors.flatMap(({ name, vector }) => {
        const difference = runVector(vector)
        return difference === null ? [] : [`${name}: ${difference}`]
      })
      if (open.includes(group)) expect(failing).not.toEqual([])
      else expect(failing).toEqual([])
      if (group in published) expect([vectors.length - failing.length, vectors.length]).toEqual(published[group])
    })
  }
})
