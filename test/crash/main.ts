/** npm run crash -- [--rounds N] [--kafka 4.x|3.9|HOST:PORT|embedded] [--guarantee alo|eos] [--seed N] [--commit MS] */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { KafkaCluster, kafkaVersions } from '@millrace/testing'
import type { Guarantee } from './plan.ts'
import { killRounds, summaryLines } from './rounds.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    kafka: { type: 'string', default: 'embedded' },
    guarantee: { type: 'string', default: 'alo' },
    seed: { type: 'string', default: `${Date.now() % 100_000}` },
    commit: { type: 'string', default: '150' },
  },
})
const guarantees: Readonly<Record<string, Guarantee>> = { alo: 'at-least-once', eos: 'exactly-once' }
const versions: Readonly<Record<string, string>> = { '4.x': kafkaVersions.newest, '3.9': kafkaVersions.previous }
const guarantee = guarantees[values.guarantee]
if (guarantee === undefined) throw new Error(`--guarantee ${values.guarantee}: give alo or eos`)

const directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
const version = versions[values.kafka]
const cluster = version === undefined ? null : await KafkaCluster.start({ version })
const kafka = values.kafka === 'embedded' ? null : (cluster?.bootstrap ?? values.kafka)
const rounds = Number(values.rounds)
console.log(`kill -9, ${rounds} rounds, ${values.kafka}, ${guarantee}, seed ${values.seed}`)
let isPassed = false
try {
  const seed = Number(values.seed)
  const commitIntervalMs = Number(values.commit)
  const log = (line: string): void => console.log(line)
  const summary = await killRounds({ rounds, seed, guarantee, kafka, directory, commitIntervalMs, log })
  for (const line of summaryLines(summary)) console.log(line)
  isPassed = summary.faults.length === 0
} catch (error) {
  console.log(error)
} finally {
  await cluster?.close()
  if (isPassed) rmSync(directory, { recursive: true, force: true })
  else console.log(`everything is kept in ${directory}`)
}
console.log(isPassed ? `${rounds} passed, 0 failed` : `0 passed, ${rounds} failed`)
process.exit(isPassed ? 0 : 1)
