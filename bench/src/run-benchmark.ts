/**
 * Runs workloads on a real broker and prints CPU per million records beside the published Java figures:
 *
 *   node bench/dist/run-benchmark.js [--size small|full|N] [--guarantee alos|eos] [--java JARS [--pairs N]] [W1 W3 …]
 *   node bench/dist/run-benchmark.js [--size …] --cost-of-eos [--pairs N] [W1 W3 …]
 *
 * With `--java` each run is followed by one of the Java program on the same topics; with `--cost-of-eos` at-least-once (commit
 * every second) is paired with exactly-once (every 100 ms). Pairs alternate in their order, and what counts is the median
 * of their ratios: other programs on the machine load both sides alike. `--awake` keeps the cores from falling asleep.
 */
import { parseArgs } from 'node:util'
import { requireWord, wholeNumber } from '@millrace/core/internal'
import type { Cluster } from '@millrace/protocol'
import { KafkaCluster } from '@millrace/testing'
import { existingPath, runCommandLine } from '@millrace/testing/internal'
import { keepAwake } from './keep-awake.ts'
import { loadTopic, withCluster } from './load-topic.ts'
import { type Run, type RunCost, runOnce } from './measured-run.ts'
import { plans, type WorkloadPlan } from './workload-plans.ts'

const usage = `usage: bench:workloads [--size small|full|N] [--guarantee alos|eos] [--java JARS] [--cost-of-eos] [--pairs N] [--awake] [W1 W3 …]`

interface BenchmarkArguments {
  readonly plans: readonly WorkloadPlan[]
  readonly size: 'small' | 'full' | number
  readonly guarantee: 'alos' | 'eos'
  /** Directory of the Java program's jars; null = ours alone. */
  readonly java: string | null
  readonly costOfEos: boolean
  readonly pairs: number
  readonly isAwake: boolean
}

function read(): BenchmarkArguments {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      size: { type: 'string', default: 'small' },
      guarantee: { type: 'string', default: 'alos' },
      java: { type: 'string' },
      'cost-of-eos': { type: 'boolean', default: false },
      pairs: { type: 'string', default: '1' },
      awake: { type: 'boolean', default: false },
    },
  })
  const names = plans.map(({ name }) => name)
  for (const name of positionals) requireWord('WORKLOAD', name, names)
  const { size, java } = values
  return {
    plans: plans.filter(({ name }) => positionals.length === 0 || positionals.includes(name)),
    size: /^\d+$/.test(size)
      ? wholeNumber('--size', size, { least: 1 })
      : requireWord<'small' | 'full'>('--size', size as 'small' | 'full', ['small', 'full'], ' or a number of records'),
    guarantee: requireWord('--guarantee', values.guarantee as 'alos' | 'eos', ['alos', 'eos']),
    java: java === undefined ? null : existingPath('--java', java),
    costOfEos: values['cost-of-eos'],
    pairs: wholeNumber('--pairs', values.pairs, { least: 1 }),
    isAwake: values.awake,
  }
}

/** The two sides of a pair, ours or the dearer one first; one side alone when nothing is compared. */
function sidesOf(shape: Omit<Run, 'guarantee' | 'java'>, given: BenchmarkArguments): Run[] {
  const { guarantee, java, costOfEos } = given
  if (costOfEos) {
    return [
      { ...shape, guarantee: 'eos', java },
      { ...shape, guarantee: 'alos', java },
    ]
  }
  const own: Run = { ...shape, guarantee, java: null }
  return java === null || !shape.plan.name.startsWith('W') ? [own] : [own, { ...own, java }]
}

const median = (figures: readonly number[]): number => {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

const inWords = (ratios: readonly number[]): string =>
  `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`

async function runPairs(cluster: Cluster, sides: readonly Run[], given: BenchmarkArguments): Promise<void> {
  const { pairs, costOfEos } = given
  const costs: RunCost[][] = sides.map(() => [])
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? [...sides.keys()] : [...sides.keys()].reverse()
    for (const side of order) costs[side]?.push(await runOnce(cluster, sides[side] as Run))
  }
  const [ours = [], theirs = []] = costs
  if (theirs.length === 0) return
  const ratios = (part: 'steady' | 'whole'): number[] => ours.map((cost, i) => cost[part] / (theirs[i]?.[part] ?? 0))
  const what = costOfEos ? 'exactly-once ÷ at-least-once' : 'Millrace ÷ Java'
  const of = `${pairs} pair${pairs === 1 ? '' : 's'}`
  console.log(
    `${(sides[0]?.plan.name ?? '').padEnd(4)} ${what}, ${of}: steady ${inWords(ratios('steady'))}, with start ${inWords(ratios('whole'))}`,
  )
}

async function run(given: BenchmarkArguments): Promise<number> {
  const { size } = given
  using _ = given.isAwake ? keepAwake() : null
  await using kafka = await KafkaCluster.start({ heap: '1g', config: { 'file.delete.delay.ms': '1000' } })
  await withCluster(kafka.bootstrap, async (cluster) => {
    const loaded = new Set<string>()
    for (const plan of given.plans) {
      const n = typeof size === 'number' ? size : plan[size]
      const inputs: string[] = []
      for (const set of plan.sets) {
        const topic = `bench-${set}-${n}`
        if (!loaded.has(topic)) await loadTopic(cluster, topic, { set, n })
        loaded.add(topic)
        inputs.push(topic)
      }
      await runPairs(cluster, sidesOf({ plan, n, bootstrap: kafka.bootstrap, inputs }, given), given)
    }
  })
  return 0
}

await runCommandLine({ usage, read, run })
process.exit()
