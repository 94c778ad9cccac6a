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
import { requireWord, wholeNumber } from '@millrace/core/internal'
import { KafkaCluster, kafkaVersions } from '@millrace/testing'
import { exitCodeOf, runCommandLine } from '@millrace/testing/internal'
import { campaignLines, runCampaign } from './fleet/campaign.ts'
import { fullWeights } from './fleet/faults.ts'
import type { Guarantee } from './plan.ts'
import { killRounds, summaryLines } from './rounds.ts'

const guarantees: Readonly<Record<string, Guarantee>> = { alo: 'at-least-once', eos: 'exactly-once' }
const versions: Readonly<Record<string, string>> = { '4.x': kafkaVersions.newest, '3.9': kafkaVersions.previous }

const usage = `usage: crash [--rounds N] [--kafka 4.x|3.9|HOST:PORT|embedded] [--guarantee alo|eos] [--seed N] [--full]
             [--kills N] [--brokers N] [--members N] [--static N] [--rate N] [--commit MS]`

interface CrashArguments {
  readonly asked: Part
  readonly seed: number
  readonly commitIntervalMs: number
  readonly brokers: number
  readonly members: number
  readonly staticMembers: number
  readonly recordsPerSecond: number
  readonly full: boolean
}

function read(): CrashArguments {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      rounds: text,
      kafka: { ...text, default: 'embedded' },
      guarantee: text,
      seed: { ...text, default: `${Date.now() % 100_000}` },
      commit: { ...text, default: '150' },
      kills: { ...text, default: '0' },
      brokers: { ...text, default: '3' },
      members: { ...text, default: '3' },
      static: { ...text, default: '2' },
      rate: { ...text, default: '120' },
      full: { type: 'boolean', default: false },
    },
  })
  const { kafka } = values
  if (!/^[^:\s]+:\d+$/.test(kafka))
    requireWord('--kafka', kafka, [...Object.keys(versions), 'embedded'], ' or HOST:PORT')
  const isReal = versions[kafka] !== undefined
  const guarantee = requireWord('--guarantee', values.guarantee ?? (isReal ? 'eos' : 'alo'), Object.keys(guarantees))
  const kills = wholeNumber('--kills', values.kills)
  const members = wholeNumber('--members', values.members, { least: 1 })
  return {
    asked: {
      kafka,
      guarantee,
      kills,
      rounds: wholeNumber('--rounds', values.rounds ?? (isReal && kills > 0 ? '1' : '50'), { least: 1 }),
    },
    seed: wholeNumber('--seed', values.seed),
    commitIntervalMs: wholeNumber('--commit', values.commit, { least: 1 }),
    brokers: wholeNumber('--brokers', values.brokers, { least: 1, most: 9 }),
    members,
    staticMembers: Math.min(members, wholeNumber('--static', values.static)),
    recordsPerSecond: wholeNumber('--rate', values.rate, { least: 1 }),
    full: values.full,
  }
}

/** What one part of a run is about. */
interface Part {
  readonly kafka: string
  readonly guarantee: string
  readonly rounds: number
  readonly kills: number
}

/** Passed and failed rounds, and processes killed. */
type Result = readonly [passed: number, failed: number, kills: number]

let directory = ''
const log = (line: string): void => console.log(line)

/** Both lines of Kafka side by side: most of a round is waiting. */
const fullForm: readonly (readonly Part[])[] = [
  [
    { kafka: '4.x', guarantee: 'eos', rounds: 1, kills: 230 },
    { kafka: '4.x', guarantee: 'alo', rounds: 1, kills: 40 },
  ],
  [{ kafka: '3.9', guarantee: 'eos', rounds: 1, kills: 240 }],
]
function guaranteeOf({ guarantee: name }: Part): Guarantee {
  const guarantee = guarantees[name]
  if (guarantee === undefined) throw new Error(`--guarantee ${name}: give alo or eos`)
  return guarantee
}

/** One process that is killed again and again. */
async function oneProcess(part: Part, { seed, commitIntervalMs }: CrashArguments): Promise<Result> {
  const { rounds } = part
  const guarantee = guaranteeOf(part)
  log(`kill -9, ${rounds} rounds, ${part.kafka}, ${guarantee}, seed ${seed}`)
  const kafka = part.kafka === 'embedded' ? null : part.kafka
  const summary = await killRounds({ rounds, seed, guarantee, kafka, directory, commitIntervalMs, log })
  for (const line of summaryLines(summary)) log(line)
  return summary.faults.length === 0 ? [rounds, 0, rounds] : [0, rounds, rounds]
}

/** Several processes and brokers. */
async function fleet(part: Part, version: string, given: CrashArguments): Promise<Result> {
  const { seed, brokers, members, staticMembers, recordsPerSecond } = given
  const guarantee = guaranteeOf(part)
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
    staticMembers,
    recordsPerSecond,
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

async function run(given: CrashArguments): Promise<number> {
  directory = mkdtempSync(join(tmpdir(), 'millrace-crash-'))
  let [passed, failed, kills] = [0, 0, 0]
  const oneAfterTheOther = async (parts: readonly Part[]): Promise<void> => {
    for (const part of parts) {
      try {
        const version = versions[part.kafka]
        const result = await (version === undefined ? oneProcess(part, given) : fleet(part, version, given))
        passed += result[0]
        failed += result[1]
        kills += result[2]
      } catch (error) {
        console.log(error)
        failed++
      }
    }
  }
  await Promise.all((given.full ? fullForm : [[given.asked]]).map(oneAfterTheOther))
  if (failed === 0) rmSync(directory, { recursive: true, force: true })
  else log(`everything is kept in ${directory}`)
  log(`${kills} processes killed with kill -9`)
  log(`${passed} passed, ${failed} failed`)
  return exitCodeOf(passed, failed)
}

await runCommandLine({ usage, read, run })
process.exit()
