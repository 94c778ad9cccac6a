/**
 * Runs one workload until SIGTERM: prints `ready` when all tasks run, `final` at the end, as JSON lines on standard output.
 * Everything that counts is measured from outside.
 */
import { readFileSync } from 'node:fs'
import type { RunningWorkload } from './start-workload.ts'

const print = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`)

/** Peak resident memory in KiB, from the kernel where it tells. */
function peakRssKb(): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
  } catch {
    return process.resourceUsage().maxRSS
  }
}

/** The contract gives 20 s from SIGTERM to the end. */
const endWithinMs = 17_000

let running: RunningWorkload | null = null
let isEnding = false

function printFinal(closeMs: number): void {
  const { user, system } = process.cpuUsage()
  print({
    event: 'final',
    sut: 'millrace',
    version: '0.1.0',
    closeMs: Math.round(closeMs),
    maxRssKb: peakRssKb(),
    cpuSeconds: (user + system) / 1e6,
    records: running?.records() ?? 0,
  })
}

async function end(): Promise<void> {
  if (isEnding) return
  isEnding = true
  const from = performance.now()
  const over = (): never => {
    printFinal(performance.now() - from)
    process.exit(0)
  }
  setTimeout(over, endWithinMs)
  try {
    await running?.close()
  } catch (error) {
    process.stderr.write(`closing was not clean: ${textOf(error)}\n`)
  }
  over()
}

const textOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))

function fail(error: unknown): void {
  if (isEnding) return
  process.stderr.write(`${textOf(error)}\n`)
  process.exit(1)
}

// Before anything is loaded: the signal may come at any time.
process.on('SIGTERM', () => void end())
process.on('SIGINT', () => void end())
const { startWorkload } = await import('./start-workload.ts')
const { workloadArguments } = await import('./workload-arguments.ts')
try {
  const given = workloadArguments(process.argv.slice(2))
  if (!isEnding) {
    running = startWorkload(given, {
      onReady: () => print({ event: 'ready', ms: Math.round(performance.now()) }),
      onFailure: fail,
    })
  }
} catch (error) {
  fail(error)
}
