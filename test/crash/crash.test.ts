/** Killed at random moments, the application loses nothing, repeats at most one commit interval, and finds its state again. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing, type RealKafka, startKafka, versions } from '../broker/real-kafka.ts'
import type { Guarantee } from './plan.ts'
import { killRounds, summaryLines } from './rounds.ts'

const seed = Number(process.env['MILLRACE_SEED'] ?? Date.now() % 100_000)
const rounds = 5
const guarantees: readonly Guarantee[] = ['at-least-once', 'exactly-once']

let directory = ''
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

async function killed(guarantee: Guarantee, kafka: string | null): Promise<void> {
  const own = join(directory, `${guarantee}-${kafka === null ? 'embedded' : 'real'}`)
  const summary = await killRounds({ rounds, seed, guarantee, kafka, directory: own })
  expect(summary.faults, `seed ${seed}\n${summaryLines(summary).join('\n')}`).toEqual([])
  expect(summary.inputRecords).toBeGreaterThan(0)
}

describe(`kill -9 with the embedded broker, seed ${seed}`, () => {
  it.each(guarantees)('is survived: %s', async (guarantee) => killed(guarantee, null), 180_000)
})

describe.runIf(missing === null)(`kill -9 on Kafka ${versions[0]}, seed ${seed}`, () => {
  let kafka: RealKafka
  beforeAll(async () => {
    kafka = await startKafka(versions[0] ?? '')
  }, 180_000)
  afterAll(async () => kafka[Symbol.asyncDispose]())

  it('is survived: at-least-once', async () => killed('at-least-once', kafka.bootstrap), 180_000)
})
