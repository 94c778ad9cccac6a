/**
 * Runs workloads on a real broker and prints CPU per million records beside the published Java figures:
 *
 *   node bench/dist/run-benchmark.js [--size small|full|N] [--guarantee alos|eos] [--java JARS [--pairs N]] [W1 W3 …]
 *   node bench/dist/run-benchmark.js [--size …] --cost-of-eos [--pairs N] [W1 W3 …]
 *
 * With `--java` each run is followed by one of the Java program on the same topics; with `--cost-of-eos` at-least-once (commit
 * every second) is paired with exactly-once (every 100 ms). Pairs alternate in their order, and what counts is the median
 * of their ratios: other programs on the machine load both sides alike.
 */
import { parseArgs } from 'node:util'
import type { Cluster } from '@millrace/protocol'
import { KafkaCluster } from '@millrace/testing'
import { loadTopic, withCluster } from './load-topic.ts'
import { type Run, type RunCost, runOnce } from './measured-run.ts'
import { plans, type WorkloadPlan } from './workload-plans.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: 'small' },
    guarantee: { type: 'string', default: 'alos' },
    java: { type: 'string' },
    'cost-of-eos': { type: 'boolean', default: false },
    pairs: { type: 'string', default: '1' },
  },
})

/** The two sides of a pair, ours or the dearer one first; one side alone when nothing is compared. */
function sidesOf(shape: Omit<Run, 'guarantee' | 'java'>): Run[] {
  const guarantee = values.guarantee === 'eos' ? 'eos' : 'alos'
  if (values['cost-of-eos']) {
    return [
      { ...shape, guarantee: 'eos', java: values.java ?? null },
      { ...shape, guarantee: 'alos', java: values.java ?? null },
    ]
  }
  const own: Run = { ...shape, guarantee, java: null }
  return values.java === undefined || !shape.plan.name.startsWith('W') ? [own] : [own, { ...own, java: values.java }]
}

const median = (figures: readonly number[]): number => {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2
}

const inWords = (ratios: readonly number[]): string =>
  `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)})`

async function runPairs(cluster: Cluster, plan: WorkloadPlan, sides: readonly Run[]): Promise<void> {
  const costs: RunCost[][] = sides.map(() => [])
  const pairs = Number(values.pairs)
  for (let pair = 0; pair < pairs; pair++) {
    const order = pair % 2 === 0 ? [...sides.keys()] : [...sides.keys()].reverse()
    for (const side of order) costs[side]?.push(await runOnce(cluster, sides[side] as Run))
  }
  const [ours = [], theirs = []] = costs
  if (theirs.length === 0) return
  const ratios = (part: 'steady' | 'whole'): number[] => ours.map((cost, i) => cost[part] / (theirs[i]?.[part] ?? 0))
  const what = values['cost-of-eos'] ? 'exactly-once ÷ at-least-once' : 'Millrace ÷ Java'
  const of = `${pairs} pair${pairs === 1 ? '' : 's'}`
  console.log(
    `${plan.name.padEnd(4)} ${what}, ${of}: steady ${inWords(ratios('steady'))}, with start ${inWords(ratios('whole'))}`,
  )
}

await using kafka = await KafkaCluster.start({ heap: '1g', config: { 'file.delete.delay.ms': '1000' } })
await withCluster(kafka.bootstrap, async (cluster) => {
  const loaded = new Set<string>()
  for (const plan of plans.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const n = values.size === 'small' ? plan.small : values.size === 'full' ? plan.full : Number(values.size)
    const inputs: string[] = []
    for (const set of plan.sets) {
      const topic = `bench-${set}-${n}`
      if (!loaded.has(topic)) await loadTopic(cluster, topic, { set, n })
      loaded.add(topic)
      inputs.push(topic)
    }
    await runPairs(cluster, plan, sidesOf({ plan, n, bootstrap: kafka.bootstrap, inputs }))
  }
})
process.exit()
