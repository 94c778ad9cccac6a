/**
 * The arguments of the workload program. Unknown ones are ignored, as the contract asks; unknown words and malformed numbers
 * as values of the known ones are refused, because a run with another guarantee than was asked for measures nothing.
 */
import { ConfigError } from 'millrace'
import { requireWord, wholeNumber } from '@millrace/core/internal'
import { plans } from './workload-plans.ts'

export interface WorkloadArguments {
  readonly workload: string
  readonly bootstrap: readonly string[]
  readonly appId: string
  readonly input: readonly string[]
  readonly output: string
  readonly guarantee: 'at-least-once' | 'exactly-once'
  readonly commitMs: number
  readonly store: 'memory' | 'disk'
  readonly stateDir: string
  readonly cacheBytes: number
  readonly threads: number
  readonly lingerMs: number
  readonly batchBytes: number
  readonly sessionTimeoutMs: number | null
  readonly transactionTimeoutMs: number | null
  readonly instanceId: string | null
}

const guarantees = { alos: 'at-least-once', eos: 'exactly-once' } as const
const known: readonly string[] = [
  'workload bootstrap app-id input output guarantee commit-ms store state-dir cache-bytes threads linger-ms batch-bytes',
  'session-timeout-ms transaction-timeout-ms instance-id',
].flatMap((line) => line.split(' '))

/**
 * @throws {MR_CONFIG_MISSING} (ConfigError) an argument without which nothing can run, or one without its value
 * @throws {MR_CONFIG_INVALID} (ConfigError) a value that is not accepted
 */
export function workloadArguments(words: readonly string[]): WorkloadArguments {
  const given = givenWords(words)
  const text = (name: string): string => {
    const value = given.get(name) ?? ''
    if (value === '') throw missing(name)
    return value
  }
  const list = (name: string): string[] => text(name).split(',').filter(Boolean)
  const number = (name: string, otherwise: number, least = 0): number =>
    given.has(name) ? wholeNumber(`--${name}`, text(name), { least }) : otherwise
  const optional = (name: string): number | null => (given.has(name) ? number(name, 0, 1) : null)
  const word = <W extends string>(name: string, otherwise: W, accepted: readonly W[]): W =>
    given.has(name) ? requireWord(`--${name}`, text(name) as W, accepted) : otherwise
  const names = plans.map(({ name }) => name)
  const workload = requireWord('--workload', text('workload'), names)
  return {
    workload,
    bootstrap: addresses(list('bootstrap')),
    appId: text('app-id'),
    input: inputsOf(workload, list('input')),
    // C1 only reads
    output: workload === 'C1' ? (given.get('output') ?? '') : text('output'),
    guarantee: guarantees[word('guarantee', 'alos', ['alos', 'eos'])],
    commitMs: number('commit-ms', 1_000, 1),
    store: word('store', 'disk', ['memory', 'disk']),
    stateDir: text('state-dir'),
    cacheBytes: number('cache-bytes', 0),
    threads: number('threads', 1, 1),
    lingerMs: number('linger-ms', 100),
    batchBytes: number('batch-bytes', 131_072, 1),
    sessionTimeoutMs: optional('session-timeout-ms'),
    transactionTimeoutMs: optional('transaction-timeout-ms'),
    instanceId: given.has('instance-id') ? text('instance-id') : null,
  }
}

function addresses(given: readonly string[]): readonly string[] {
  for (const address of given) {
    if (!/^[^\s:]+:\d+$/.test(address)) throw invalid('--bootstrap', address, 'host:port, several of them with commas')
  }
  return given
}

function inputsOf(workload: string, given: readonly string[]): readonly string[] {
  const count = plans.find(({ name }) => name === workload)?.sets.length ?? 1
  if (given.length === count) return given
  throw invalid('--input', given.join(','), `${count} topic${count === 1 ? '' : 's'} for ${workload}`)
}

/** Values by the names of their arguments: `--name value` and `--name=value`. */
function givenWords(words: readonly string[]): ReadonlyMap<string, string> {
  const given = new Map<string, string>()
  for (const [i, word] of words.entries()) {
    if (!word.startsWith('--')) continue
    const at = word.indexOf('=')
    const name = word.slice(2, at < 0 ? undefined : at)
    const next = words[i + 1]
    if (at >= 0) given.set(name, word.slice(at + 1))
    else if (next !== undefined && !next.startsWith('--')) given.set(name, next)
    else if (known.includes(name)) throw missing(name)
  }
  return given
}

function invalid(option: string, value: string, accepted: string): ConfigError {
  return new ConfigError('MR_CONFIG_INVALID', { option, value: JSON.stringify(value), accepted })
}

function missing(name: string): ConfigError {
  return new ConfigError('MR_CONFIG_MISSING', { option: `--${name}`, accepted: 'a value' })
}
