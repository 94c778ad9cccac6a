/**
 * Runs one workload until SIGTERM: prints `ready` when all tasks run, `final` at the end, as JSON lines on standard output.
 * Everything that counts is measured from outside.
 */
import { readFileSync } from 'node:fs'
import { type RunningWorkload, startWorkload } from './start-workload.ts'
import { workloadArguments } from './workload-arguments.ts'

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

/** Peak resident memory in KiB, from the kernel where it tells. */
function peakRssKb(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  } catch {
    return process.resourceUsage().maxRSS
  }
}

async function run(): Promise<void> {
  let running: RunningWorkload | null = null
  const ended = resolvers()
  let ending = false
  const end = async (): Promise<void> => {
    if (ending) return
    ending = true
    const from = performance.now()
    await running?.close()
    const { user, system } = process.cpuUsage()
    print({
      event: 'final',
      sut: 'millrace',
      version: '0.1.0',
      closeMs: Math.round(performance.now() - from),
      maxRssKb: peakRssKb(),
      cpuSeconds: (user + system) / 1e6,
      records: running?.records() ?? 0,
    })
    ended.resolve()
  }
  process.on('SIGTERM', () => void end().catch(fail))
  process.on('SIGINT', () => void end().catch(fail))
  const given = workloadArguments(process.argv.slice(2))
  running = await startWorkload(given, {
    onReady: () => print({ event: 'ready', ms: Math.round(performance.now()) }),
    onFailure: fail,
  })
  await ended.promise
}

function resolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exit(1)
}

run().then(() => process.exit(0), fail)
