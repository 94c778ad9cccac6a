/**
 * One run of a workload program on a real broker. The program is started from outside, pinned to one core, and judged by what
 * the kernel (CPU) and the broker (committed offsets, output) say of it. A run with a wrong output has no speed.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Cluster, listGroupOffsets } from '@millrace/protocol'
import { expectedOutput } from './expected.ts'
import { createTopic, deleteTopicsOf } from './load-topic.ts'
import { endOf, readOutput } from './read-output.ts'
import type { WorkloadPlan } from './workload-plans.ts'

interface Sample {
  readonly atMs: number
  readonly records: number
  readonly cpuSeconds: number
}

const ticksPerSecond = 100
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** User and system time of a process and of what it waited for. */
function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return [11, 12, 13, 14].reduce((sum, i) => sum + Number(fields[i]), 0) / ticksPerSecond
}

/** One run of a workload. */
export interface Run {
  readonly plan: WorkloadPlan
  readonly n: number
  readonly guarantee: 'alos' | 'eos'
  readonly bootstrap: string
  readonly inputs: readonly string[]
  /** Directory of the Java program's jars; null = ours. */
  readonly java: string | null
}

let runs = 0

/** What a run costs, CPU seconds per million records. */
export interface RunCost {
  /** From 40 % of the records on. */
  readonly steady: number
  /** Start and everything else included. */
  readonly whole: number
}

/** Runs the program from outside, prints what it costs and whether its output is right. */
export async function runOnce(cluster: Cluster, run: Run): Promise<RunCost> {
  const { plan, guarantee, bootstrap, inputs, java } = run
  const id = `bench-${plan.name}-${++runs}-${process.pid}`
  const output = `${id}-output`
  await createTopic(cluster, output)
  const stateDir = mkdtempSync(join(tmpdir(), 'millrace-bench-'))
  const args: string[] = Object.entries({
    workload: plan.name,
    bootstrap,
    'app-id': id,
    input: inputs.join(','),
    output,
    guarantee,
    'commit-ms': guarantee === 'eos' ? 100 : 1_000,
    store: plan.store,
    'state-dir': stateDir,
    'cache-bytes': 0,
    threads: 1,
    'linger-ms': 100,
    'batch-bytes': 131_072,
  }).flatMap(([name, value]) => [`--${name}`, String(value)])
  const program = java === null ? ours() : javaProgram(java)
  const child = spawn('taskset', ['-c', '1', ...program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n').filter(Boolean)))
  try {
    const total = await inputEnd(cluster, inputs, plan)
    const samples = await follow(cluster, child, { groupId: id, inputs: inputs.slice(0, plan.counted), total })
    child.kill('SIGTERM')
    await new Promise((resolve) => child.once('exit', resolve))
    const cost = await report({ run, samples, final: lines.at(-1) ?? '', output }, cluster)
    await deleteTopicsOf(cluster, id)
    return cost
  } finally {
    child.kill('SIGKILL')
    rmSync(stateDir, { recursive: true, force: true })
  }
}

const inputEnd = async (cluster: Cluster, inputs: readonly string[], plan: WorkloadPlan): Promise<number> => {
  let sum = 0
  for (const topic of inputs.slice(0, plan.counted)) sum += await endOf(cluster, topic)
  return sum
}

const ours = (): string[] => {
  const program = fileURLToPath(new URL('../run-workload.js', import.meta.url))
  return [
    process.execPath,
    '--max-old-space-size=1024',
    ...(process.env['BENCH_NODE_FLAGS'] ?? '').split(' ').filter(Boolean),
    program,
  ]
}
const javaProgram = (jars: string): string[] => {
  return ['java', '-Xms1g', '-Xmx1g', '-XX:+UseParallelGC', '-cp', join(jars, '*'), 'bench.RunWorkload']
}

async function follow(
  cluster: Cluster,
  child: ChildProcess,
  { groupId, inputs, total }: { groupId: string; inputs: readonly string[]; total: number },
): Promise<Sample[]> {
  const samples: Sample[] = []
  const from = performance.now()
  for (;;) {
    await sleep(200)
    if (child.exitCode !== null) throw new Error(`the program ended by itself with ${child.exitCode}`)
    if (performance.now() - from > 600_000) throw new Error('the program did not finish within 10 minutes')
    const offsets = await listGroupOffsets(cluster, groupId).catch(() => [])
    const records = offsets
      .filter(({ topic }) => inputs.includes(topic))
      .reduce((sum, { offset }) => sum + Math.max(0, offset), 0)
    samples.push({ atMs: performance.now() - from, records, cpuSeconds: cpuSeconds(child.pid ?? 0) })
    if (records >= total) return samples
  }
}

interface Finished {
  readonly run: Run
  readonly samples: readonly Sample[]
  readonly final: string
  readonly output: string
}

async function report({ run, samples, final, output }: Finished, cluster: Cluster): Promise<RunCost> {
  const { plan, n, guarantee, java } = run
  const last = samples.at(-1) as Sample
  const begun = samples.find(({ records }) => records > 0) ?? last
  const warm = samples.find(({ records }) => records >= 0.4 * last.records) ?? last
  const steady = last.records > warm.records ? warm : begun
  const records = Math.max(1, last.records - steady.records)
  const perMillion = ((last.cpuSeconds - steady.cpuSeconds) / records) * 1e6
  const perSecond = (records / (last.atMs - steady.atMs)) * 1_000
  const actual = await readOutput(cluster, output)
  const expected = expectedOutput(plan.name, n)
  const right =
    plan.name === 'C1' ||
    (expected !== undefined &&
      actual.records === expected.records &&
      actual.checksum === expected.checksum &&
      (expected.checksumTs === null || actual.checksumTs === expected.checksumTs) &&
      (expected.table === null || actual.tableChecksum === expected.table[1]))
  const found = `${actual.records} records, checksum ${actual.checksum}`
  const published = guarantee === 'eos' ? plan.javaEos : plan.javaAlos
  console.log(
    [
      plan.name.padEnd(4),
      guarantee.padEnd(4),
      (java === null ? 'millrace' : 'java').padEnd(8),
      `${perMillion.toFixed(2).padStart(7)} CPU-s/M`,
      `${((last.cpuSeconds / last.records) * 1e6).toFixed(2).padStart(7)} with start`,
      `${Math.round(perSecond / 1_000)
        .toString()
        .padStart(6)} k/s`,
      `published Java ${published ?? '–'}`,
      right
        ? 'output right'
        : expected === undefined
          ? `no expected output for this size: ${found}`
          : `OUTPUT WRONG: ${found}`,
      `RSS ${Math.round(Number(/"maxRssKb":(\d+)/.exec(final)?.[1] ?? 0) / 1024)} MB`,
    ].join('  '),
  )
  if (!right && expected !== undefined) process.exitCode = 1
  return { steady: perMillion, whole: (last.cpuSeconds / last.records) * 1e6 }
}
