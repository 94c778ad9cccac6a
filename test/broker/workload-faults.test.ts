/**
 * The workload program of the benchmark under faults: two instances that are killed, suspended beyond their session, ended
 * and started again while the input grows and the broker is away for seconds. None ends by itself, and the output is
 * exactly that of an undisturbed run. MILLRACE_LONG=1 runs more workloads.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { KafkaClient } from 'millrace'
import { type Cluster, partitionForKey, Producer } from '@millrace/protocol'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { dataSets } from '../../bench/src/data.ts'
import { expectedOutput } from '../../bench/src/expected.ts'
import { createTopic, partitions, withCluster } from '../../bench/src/load-topic.ts'
import { readOutput } from '../../bench/src/read-output.ts'
import { missing, type RealKafka, startKafka, versions } from './real-kafka.ts'

const program = fileURLToPath(new URL('../../bench/run-workload.js', import.meta.url))
const wait = { timeout: 120_000, interval: 100 }
const sessionTimeoutMs = 3_000
const transactionTimeoutMs = 6_000

/** One instance of the program, over all its lives. */
class Instance {
  readonly #args: readonly string[]
  #child: ChildProcess | null = null
  #lines: { readonly event: string }[] = []
  #isAsked = false
  #errors = ''
  /** Ends that nobody asked for. */
  readonly unasked: string[] = []

  constructor(args: readonly string[]) {
    this.#args = args
  }

  start(): void {
    const child = spawn(process.execPath, [program, ...this.#args], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    this.#lines = []
    this.#isAsked = false
    let rest = ''
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = `${rest}${chunk.toString()}`.split('\n')
      rest = lines.pop() ?? ''
      this.#lines.push(...lines.map((line) => JSON.parse(line) as { event: string }))
    })
    child.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()))
    child.once('exit', (code, signal) => {
      if (!this.#isAsked) this.unasked.push(`${code ?? signal}: ${this.#errors.slice(-1_000)}`)
    })
  }

  async ready(): Promise<void> {
    await vi.waitFor(() => expect(this.#lines.map(({ event }) => event)).toContain('ready'), wait)
  }

  async kill(): Promise<void> {
    this.#isAsked = true
    const child = this.#child
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(name)
  }

  /** SIGTERM. @returns its exit code and its last line */
  async end(): Promise<{ code: number | null; last: string | undefined }> {
    this.#isAsked = true
    this.#child?.kill('SIGTERM')
    if (this.#child !== null) await once(this.#child, 'close')
    return { code: this.#child?.exitCode ?? null, last: this.#lines.at(-1)?.event }
  }
}

const ended = { code: 0, last: 'final' }

/** Writes a data set little by little. */
async function grow(cluster: Cluster, name: string, set: string, n: number): Promise<void> {
  const source = dataSets[set]
  if (source === undefined) throw new Error(`there is no data set "${set}"`)
  const producer = new Producer(cluster, { lingerMs: 5 })
  for (let i = 0; i < source.count(n); i++) {
    const { key, value, timestampMs } = source.record(i, n)
    const bytes = Buffer.from(key, 'latin1')
    producer.append(name, partitionForKey(bytes, partitions), bytes, Buffer.from(value, 'latin1'), timestampMs)
    if (i % 4_000 === 0) await sleep(150)
  }
  await producer.flush()
  await producer.close()
}

const workloads: readonly (readonly [string, string, number])[] = [
  ['W3', 'kv', 200_000],
  ...(process.env['MILLRACE_LONG'] === '1'
    ? ([
        ['W1', 'kv', 200_000],
        ['W4', 'kw', 100_000],
      ] as const)
    : []),
]

describe.skipIf(missing !== null)(`the workload program under faults on Kafka ${versions[0]}`, () => {
  let kafka: RealKafka
  let directory = ''
  beforeAll(async () => {
    kafka = await startKafka(versions[0] ?? '')
    directory = mkdtempSync(join(tmpdir(), 'millrace-workload-'))
  }, 180_000)
  afterAll(async () => {
    await kafka[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  })

  function instance(workload: string, name: string): Instance {
    const stateDir = join(directory, `${workload}-${name}`)
    mkdirSync(stateDir)
    const args = {
      workload,
      bootstrap: kafka.bootstrap,
      'app-id': `faults-${workload}`,
      input: `faults-${workload}-input`,
      output: `faults-${workload}-output`,
      guarantee: 'eos',
      'commit-ms': 100,
      store: workload === 'W4' ? 'disk' : 'memory',
      'state-dir': stateDir,
      'cache-bytes': 0,
      threads: 1,
      'linger-ms': 20,
      'batch-bytes': 131_072,
      'session-timeout-ms': sessionTimeoutMs,
      'transaction-timeout-ms': transactionTimeoutMs,
    }
    return new Instance(Object.entries(args).flatMap(([option, value]) => [`--${option}`, `${value}`]))
  }

  it.each(workloads)(
    '%s recovers by itself, never ends unasked, and gives the output of an undisturbed run',
    async (workload, set, n) => {
      const [a, b] = [instance(workload, 'a'), instance(workload, 'b')]
      const input = `faults-${workload}-input`
      const output = `faults-${workload}-output`
      const again = async (one: Instance): Promise<void> => {
        await one.kill()
        one.start()
      }
      await withCluster(kafka.bootstrap, async (cluster) => {
        await createTopic(cluster, input)
        await createTopic(cluster, output)
        const growing = grow(cluster, input, set, n)
        try {
          a.start()
          b.start()
          await a.ready()
          await again(b)
          await b.ready()
          a.signal('SIGSTOP')
          await sleep(transactionTimeoutMs + 1_000)
          a.signal('SIGCONT')
          await Promise.all([again(a), again(b)])
          await a.ready()
          // The broker is away for seconds.
          kafka.cluster?.signal(0, 'SIGSTOP')
          await again(b)
          await sleep(4_000)
          kafka.cluster?.signal(0, 'SIGCONT')
          await b.ready()
          expect(await a.end()).toEqual(ended)
          a.start()
          await growing
          await a.ready()
          await using client = new KafkaClient({ brokers: [kafka.bootstrap] })
          await vi.waitFor(async () => {
            const lags = await client.lag(`faults-${workload}`, [input])
            expect(lags.reduce((sum, { lag }) => sum + lag, 0)).toBe(0)
          }, wait)
          expect([await a.end(), await b.end()]).toEqual([ended, ended])
          expect([...a.unasked, ...b.unasked]).toEqual([])
        } finally {
          await Promise.all([a.kill(), b.kill()])
          await growing
        }
        const { records, checksum, checksumTs, tableKeys, tableChecksum } = await readOutput(cluster, output)
        const due = expectedOutput(workload, n)
        expect({ records, checksum, checksumTs }).toEqual({
          records: due?.records,
          checksum: due?.checksum,
          checksumTs: due?.checksumTs,
        })
        if (due?.table != null) expect([tableKeys, tableChecksum]).toEqual(due.table)
      })
    },
    300_000,
  )
})
