/** A Java application takes over our topics in the middle of the input, and we its. MILLRACE_LONG=1 runs the whole list. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { missing, type RealKafka, startKafka, versions } from '../broker/real-kafka.ts'
import { handOver, type Side } from './handover.ts'

const oracle = process.env['MILLRACE_ORACLE'] ?? ''
const absent = oracle === '' ? 'MILLRACE_ORACLE does not name the folder of the oracle' : missing
if (absent !== null) console.warn(`SKIPPED: hand-over between Java and Millrace, because ${absent}`)
const core = process.env['MILLRACE_LONG'] !== '1'
const least = core ? 51 : 149

describe.runIf(absent === null)(`hand-over on Kafka ${versions[0]}`, () => {
  let kafka: RealKafka
  beforeAll(async () => {
    expect(existsSync(oracle), oracle).toBe(true)
    kafka = await startKafka(versions[0] ?? '')
  }, 180_000)
  afterAll(async () => kafka[Symbol.asyncDispose]())

  const directions: readonly [string, Side][] = [
    ['Java goes on where Millrace stopped', 'first'],
    ['Millrace goes on where Java stopped', 'second'],
  ]
  it.each(directions)(
    '%s, and every topic holds what the JVM writes',
    async (_, side) => {
      const result = await handOver({ oracle, bootstrap: kafka.bootstrap, side, core })
      expect(result.different.join('\n\n')).toBe('')
      expect(result.equal.length).toBeGreaterThanOrEqual(least)
    },
    3_600_000,
  )
})
