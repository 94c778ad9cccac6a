/**
 * `npm run faults -- [--cases N] [--seed N] [--only NAME]`: plants each fault in turn and prints what found it, after how
 * many cases. Exit code 1 when one is not found. With `--json` a line of JSON per fault.
 */
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { requireWord, wholeNumber } from '@millrace/core/internal'
import { exitCodeOf, runCommandLine } from '../command-line.ts'
import { findVectors } from '../conformance/find-vectors.ts'
import { type FoundFault, type Faulty, findFault } from './find-fault.ts'
import { type Fault, faults } from './faults.ts'
import { hookUrl } from './load-hook.ts'

const vectorFolders = ['streams', 'streams-own'].map((folder) =>
  fileURLToPath(new URL(`../../../../test/conformance/${folder}`, import.meta.url)),
)

/** @throws an Error when the text of the fault is not in its file */
async function copyWith(name: string): Promise<Faulty> {
  const query = `?fault=${encodeURIComponent(name)}`
  const cases = (await import(`../fuzz/run-case.js${query}`)) as Pick<Faulty, 'differenceOf'>
  const vectors = (await import(`../conformance/run-vector.js${query}`)) as Pick<Faulty, 'runVector'>
  return { differenceOf: cases.differenceOf, runVector: vectors.runVector }
}

function lineOf({ name, cases, vectors, by, said }: FoundFault): string {
  const models = cases === null ? 'not by models' : `models, after ${cases}`
  const golden = vectors === null ? 'not by vectors' : `vectors, after ${vectors} (${by})`
  return `${name.padEnd(22)} ${models.padEnd(18)} ${golden.padEnd(68)} ${said.split('\n')[0]?.slice(0, 100)}\n`
}

interface FaultArguments {
  readonly casesMax: number
  readonly seed: number
  /** The faults to plant. */
  readonly planted: readonly Fault[]
  readonly json: boolean
}

function read(): FaultArguments {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      cases: { ...text, default: '400' },
      seed: { ...text, default: '1' },
      only: text,
      json: { type: 'boolean', default: false },
    },
  })
  const names = faults.map(({ name }) => name)
  const only = values.only === undefined ? null : requireWord('--only', values.only, names)
  return {
    casesMax: wholeNumber('--cases', values.cases, { least: 1 }),
    seed: wholeNumber('--seed', values.seed),
    planted: faults.filter(({ name }) => only === null || only === name),
    json: values.json,
  }
}

async function run({ casesMax, seed, planted, json }: FaultArguments): Promise<number> {
  register(hookUrl)
  const settings = { casesMax, seed, vectors: findVectors(vectorFolders) }
  let missed = 0
  for (const fault of planted) {
    const found = await findFault(fault, await copyWith(fault.name), settings)
    if (found.vectors === null || (found.cases === null && fault.families !== null)) missed++
    process.stdout.write(json ? `${JSON.stringify(found)}\n` : lineOf(found))
  }
  process.stdout.write(json ? '' : `${missed} of ${planted.length} missed by one of the two (seed ${seed})\n`)
  return exitCodeOf(planted.length - missed, missed)
}

await runCommandLine({ usage: 'usage: faults [--cases N] [--seed N] [--only NAME] [--json]', read, run })
