/**
 * npm run crash -- [--rounds N] [--kafka 4.x|3.9|HOST:PORT|embedded] [--guarantee alo|eos] [--seed N] [--full]
 *
 * `4.x` and `3.9` start real brokers (`--brokers`, three by default) and kill, suspend and lose several processes
 * (`--members`) and brokers: see `fleet/campaign.ts`; `--kills N` goes on until so many processes were killed, and `--full`
 * is the full form, on both lines of Kafka. Elsewhere one process is killed, with --commit MS: see `rounds.ts`.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { KafkaCluster, kafkaVersions } from '@millrace/testing'
import { campaignLines, runCampaign } from './fleet/campaign.ts'
import { fullWeights } from './fleet/faults.ts'
import type { Guarantee } from './plan.ts'
import { killRounds, summaryLines } from './rounds.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    kafka: { type: 'string', default: 'embedded' },
    guarantee: { type: 'string' },
    seed: { type: 'string', default: `${Date.now() % 100_000}` },
    commit: { type: 'string', default: '150' },
    kills: { type: 'string', default: '0' },
    brokers: { type: 'string', default: '3' },
    members: { type: 'string', default: '3' },
    static: { type: 'string', default: '2' },
    rate: { type: 'string', default: '120' },
    full: { type: 'boolean', default: false },
  },
})

/** What one part of a run is about. */
interface Part {
  readonly kafka: string
  readonly guarantee: string
  readonly rounds: number
  readonly kills: number
}

/** Passed and failed rounds, and processes killed. */
type Result = readonly [passed: number, failed: number, kills: number]

const guarantees: Readonly<Record<string, Guarantee>> = { alo: 'at-least-once', eos: 'exactly-once' }
const versions: Readonly<Record<string, string>> = { '4.x': kafkaVersions.newest, '3.9': kafkaVersions.previous }
const seed = Number(values.seed)
const directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
const log = (line: string): void => console.log(line)

/** Both lines of Kafka side by side: most of a round is waiting. */
const fullForm: readonly (readonly Part[])[] = [
  [
    { kafka: '4.x', guarantee: 'eos', rounds: 1, kills: 230 },
    { kafka: '4.x', guarantee: 'alo', rounds: 1, kills: 40 },
  ],
  [{ kafka: '3.9', guarantee: 'eos', rounds: 1, kills: 240 }],
]
const isReal = versions[values.kafka] !== undefined
const asked: Part = {
  kafka: values.kafka,
  guarantee: values.guarantee ?? (isReal ? 'eos' : 'alo'),
  rounds: Number(values.rounds ?? (isReal && values.kills !== '0' ? 1 : 50)),
  kills: Number(values.kills),
}

function guaranteeOf({ guarantee: name }: Part): Guarantee {
  const guarantee = guarantees[name]
  if (guarantee === undefined) throw new Error(`--guarantee ${name}: give alo or eos`)
  return guarantee
}

/** One process that is killed again and again. */
async function oneProcess(part: Part): Promise<Result> {
  const { rounds } = part
  const guarantee = guaranteeOf(part)
  log(`kill -9, ${rounds} rounds, ${part.kafka}, ${guarantee}, seed ${seed}`)
  const kafka = part.kafka === 'embedded' ? null : part.kafka
  const commitIntervalMs = Number(values.commit)
  const summary = await killRounds({ rounds, seed, guarantee, kafka, directory, commitIntervalMs, log })
  for (const line of summaryLines(summary)) log(line)
  return summary.faults.length === 0 ? [rounds, 0, rounds] : [0, rounds, rounds]
}

/** Several processes and brokers. */
async function fleet(part: Part, version: string): Promise<Result> {
  const guarantee = guaranteeOf(part)
  const brokers = Number(values.brokers)
  const members = Number(values.members)
  const log = (line: string): void => console.log(`${part.kafka} ${part.guarantee}: ${line}`)
  const length = part.kills > 0 ? `until ${part.kills} kills` : `${part.rounds} rounds`
  log(`kill -9, ${length}, ${members} processes on ${brokers} brokers of Kafka ${version}, ${guarantee}, seed ${seed}`)
  const own = join(directory, `${part.kafka}-${part.guarantee}`)
  log(`logs in ${own}`)
  await using cluster = await KafkaCluster.start({ version, brokers })
  const summary = await runCampaign({
    applicationId: 'fleet',
    rounds: part.rounds,
    kills: part.kills,
    seed,
    guarantee,
    kafka: cluster.bootstrap,
    cluster,
    brokers,
    directory: own,
    members,
    staticMembers: Number(values.static),
    recordsPerSecond: Number(values.rate),
    faults: [10, 14],
    weights: fullWeights,
    log,
  })
  for (const line of campaignLines(summary)) log(line)
  // what shows only at the end belongs to no round
  const isLate = summary.faults.length > 0 && summary.roundsFailed === 0
  return [summary.roundsPassed, isLate ? 1 : summary.roundsFailed, summary.kills]
}

// so that processes and brokers end with this one
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

let [passed, failed, kills] = [0, 0, 0]
async function run(parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    try {
      const version = versions[part.kafka]
      const result = version === undefined ? await oneProcess(part) : await fleet(part, version)
      passed += result[0]
      failed += result[1]
      kills += result[2]
    } catch (error) {
      console.log(error)
      failed++
    }
  }
}

await Promise.all((values.full ? fullForm : [[asked]]).map(run))
if (failed === 0) rmSync(directory, { recursive: true, force: true })
else log(`everything is kept in ${directory}`)
log(`${kills} processes killed with kill -9`)
log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
