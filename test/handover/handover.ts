/**
 * Hand-over between Kafka Streams in Java and Millrace on a real broker: one side runs a golden vector up to its middle
 * and goes away with its state directory; the other, which has nothing but the topics, runs the rest. What is then in all
 * topics must be what the JVM's test driver writes: names, bytes, timestamps, headers.
 *
 * The Java side and the comparison are the oracle's (`handover-selfcheck`), a program outside this repository whose folder
 * MILLRACE_ORACLE names. It is copied, so that building it writes nothing there.
 */
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const list = join(root, 'test/conformance/streams/handover.json')
const application = join(root, 'bench/dist/conformance-app.js')
const command = `exec "${process.execPath}" "${application}" "$FILE" --bootstrap "$BOOTSTRAP" --app-id "$APP_ID" --state-dir "$STATE_DIR" --property $PROPERTIES`

/** Which side Millrace plays; the other is Java. */
export type Side = 'first' | 'second'

export interface HandoverPlan {
  /** Folder of the oracle. */
  readonly oracle: string
  readonly bootstrap: string
  readonly side: Side
  /** The 51 vectors of all families that the list marks as its core, or the whole list. */
  readonly core: boolean
  /** Part of a file name or a family, to run a few. */
  readonly only?: string
  /** `k=v` over the list's properties. */
  readonly property?: string
}

export interface HandoverResult {
  readonly equal: string[]
  /** One text per vector whose topics differ, or that could not be run, with what the oracle said. */
  readonly different: string[]
}

/** Copies the oracle's sources under `.cache`; its own start script builds it there, once per change. */
function ownOracle(folder: string): string {
  const own = join(root, '.cache', 'oracle')
  mkdirSync(own, { recursive: true })
  const wanted = (path: string): boolean => basename(path) !== 'target'
  cpSync(folder, own, { recursive: true, filter: wanted, preserveTimestamps: true })
  return join(own, 'oracle')
}

/** Runs the list on a broker of its own. @throws an Error with the oracle's last words when it ends without a result */
export async function handOver(plan: HandoverPlan): Promise<HandoverResult> {
  if (!existsSync(join(plan.oracle, 'oracle'))) throw new Error(`MILLRACE_ORACLE: there is no oracle in ${plan.oracle}`)
  const only = plan.only === undefined ? [] : ['--only', plan.only]
  const property = plan.property === undefined ? [] : ['--property', plan.property]
  const extent = plan.core ? ['--core'] : []
  const where = ['--bootstrap', plan.bootstrap]
  const args = ['handover-selfcheck', list, ...where, ...extent, ...only, ...property, `--${plan.side}`, command]
  const oracle = spawn('bash', [ownOracle(plan.oracle), ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve) => oracle.once('close', resolve))
  const said: string[] = []
  const result: HandoverResult = { equal: [], different: [] }
  createInterface({ input: oracle.stderr }).on('line', (line) => said.push(line))
  for await (const line of createInterface({ input: oracle.stdout })) {
    said.push(line)
    if (!line.startsWith('{"file"')) continue
    const { file, equal, skipped } = JSON.parse(line) as { file: string; equal?: boolean; skipped?: string }
    // The oracle says why: Java itself loses something at this hand-over, so that nothing can be compared.
    if (skipped !== undefined) continue
    if (equal === true) result.equal.push(file)
    else result.different.push(`${line}\n${said.slice(-8).join('\n')}`)
  }
  await ended
  if (!said.some((line) => line.includes('handed over:'))) {
    throw new Error(`the oracle gave no result:\n${said.slice(-20).join('\n')}`)
  }
  return result
}
