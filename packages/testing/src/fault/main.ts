/**
 * `npm run faults -- [--cases N] [--seed N] [--only NAME]`: plants each fault in turn and prints what found it, after how
 * many cases. Exit code 1 when one is not found. With `--json` a line of JSON per fault.
 */
import { register } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { findVectors } from '../conformance/find-vectors.ts'
import { type FoundFault, type Faulty, findFault } from './find-fault.ts'
import { faults } from './faults.ts'
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

async function main(): Promise<number> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    options: {
      cases: { ...text, default: '400' },
      seed: { ...text, default: '1' },
      only: text,
      json: { type: 'boolean', default: false },
    },
  })
  register(hookUrl)
  const settings = {
    casesMax: Number(values.cases),
    seed: Number(values.seed),
    vectors: findVectors(vectorFolders),
  }
  let missed = 0
  for (const fault of faults) {
    if (values.only !== undefined && values.only !== fault.name) continue
    const found = await findFault(fault, await copyWith(fault.name), settings)
    if (found.vectors === null || (found.cases === null && fault.families !== null)) missed++
    process.stdout.write(values.json ? `${JSON.stringify(found)}\n` : lineOf(found))
  }
  process.stdout.write(
    values.json ? '' : `${missed} of ${faults.length} missed by one of the two (seed ${settings.seed})\n`,
  )
  return missed === 0 ? 0 : 1
}

process.exitCode = await main()
