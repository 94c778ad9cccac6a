/**
 * `npm run fuzz -- --seed N --runs M`: random topologies and inputs, run as applications on embedded brokers and compared
 * with reference models. Exit code 1 after a difference, which is printed small, with what repeats it.
 *
 * `--drive driver` takes the test driver instead, which is many times faster; `--drive exactly-once` the brokers with
 * transactions. `--run K` runs one case only.
 * `--jvm` compares with Kafka Streams in Java instead of the models: the environment variable ORACLE names the command
 * that fills in the expectations of vectors (`ORACLE run IN_DIR OUT_DIR`).
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requireWord, wholeNumber } from '@millrace/core/internal'
import { exitCodeOf, runCommandLine } from '../command-line.ts'
import { findVectors } from '../conformance/find-vectors.ts'
import { runVector } from '../conformance/run-vector.ts'
import { caseOf, fuzzRun } from './fuzz.ts'
import { type Drive, vectorOf } from './run-case.ts'

const usage = 'usage: fuzz [--seed N] [--runs M | --run K] [--drive broker|driver|exactly-once] [--jvm]'
const drives: readonly Drive[] = ['broker', 'driver', 'exactly-once']

/** Applications that run at the same time: they mostly wait. */
const lanes = 8

async function withModels(seed: number, runs: Iterable<number>, drive: Drive): Promise<number> {
  const waiting = runs[Symbol.iterator]()
  let failed = 0
  const lane = async (): Promise<void> => {
    for (let next = waiting.next(); next.done !== true; next = waiting.next()) {
      const finding = await fuzzRun(seed, next.value, drive)
      if (finding === null) continue
      failed++
      const { family, run, difference, vector } = finding
      process.stdout.write(`DIFFERS ${family} --seed ${seed} --run ${run}: ${difference}\n${vector}\n`)
    }
  }
  await Promise.all(Array.from({ length: drive === 'driver' ? 1 : lanes }, lane))
  return failed
}

function withJvm(seed: number, runs: Iterable<number>): number {
  const oracle = process.env['ORACLE']
  if (oracle === undefined) throw new Error('--jvm needs ORACLE, the command that runs vectors in Java')
  const folder = mkdtempSync(join(tmpdir(), 'millrace-fuzz-'))
  const [given, filled] = [join(folder, 'in'), join(folder, 'out')]
  try {
    for (const each of [given, filled]) mkdirSync(each)
    const lines = [...runs].map((run) => {
      const vector = { ...vectorOf(caseOf(seed, run)), name: `--seed ${seed} --run ${run}` }
      return JSON.stringify(vector)
    })
    writeFileSync(join(given, 'fuzz.jsonl'), `${lines.join('\n')}\n`)
    const done = spawnSync(oracle, ['run', given, filled], { stdio: ['ignore', 2, 2] })
    if (done.status !== 0) throw new Error(`${oracle} ended with ${done.status ?? done.error?.message}`)
    let failed = 0
    for (const { name, vector } of findVectors([filled])) {
      const difference = runVector(vector)
      if (difference === null) continue
      failed++
      process.stdout.write(`DIFFERS ${name}: ${difference}\n`)
    }
    return failed
  } finally {
    rmSync(folder, { recursive: true })
  }
}

interface FuzzArguments {
  readonly seed: number
  readonly runs: readonly number[]
  readonly drive: Drive
  readonly jvm: boolean
}

function read(): FuzzArguments {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      seed: { ...text, default: '1' },
      runs: { ...text, default: '200' },
      run: text,
      drive: { ...text, default: 'broker' },
      jvm: { type: 'boolean', default: false },
    },
  })
  const count = wholeNumber('--runs', values.runs, { least: 1 })
  return {
    seed: wholeNumber('--seed', values.seed),
    runs: values.run === undefined ? [...Array(count).keys()] : [wholeNumber('--run', values.run)],
    drive: requireWord('--drive', values.drive as Drive, drives),
    jvm: values.jvm,
  }
}

async function run({ seed, runs, drive, jvm }: FuzzArguments): Promise<number> {
  process.stdout.write(`seed ${seed}, ${runs.length} runs\n`)
  const failed = jvm ? withJvm(seed, runs) : await withModels(seed, runs, drive)
  process.stdout.write(`${runs.length - failed} equal, ${failed} differ (seed ${seed})\n`)
  return exitCodeOf(runs.length - failed, failed)
}

await runCommandLine({ usage, read, run })
