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

/** Where a wrong argument was noticed says nothing to whoever gave it. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const isWrongUse = 'code' in error && String(error.code).startsWith('MR_CONFIG_')
  return isWrongUse ? error.message : (error.stack ?? error.message)
}

function fail(error: unknown): void {
  if (isEnding) return
  process.stderr.write(`${textOf(error)}\n`)
  process.exit(1)
}

/**
 * Runs until a signal ends it. The application is loaded here, so that a signal is heard before.
 *
 * @param words the arguments of the program
 * @param isToldToEnd the signal has come already
 */
export async function runWorkload(words: readonly string[], isToldToEnd: boolean): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end())
  if (isToldToEnd) return end()
  try {
    const { workloadArguments } = await import('./workload-arguments.ts')
    const given = workloadArguments(words)
    const { startWorkload } = await import('./start-workload.ts')
    if (isEnding) return
    running = startWorkload(given, {
      onReady: () => print({ event: 'ready', ms: Math.round(performance.now()) }),
      onFailure: fail,
    })
  } catch (error) {
    fail(error)
  }
}
