/** The arguments of the workload program; unknown ones are ignored, as the contract asks. */
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

/** @throws Error that names the argument that is missing or wrong */
export function workloadArguments(words: readonly string[]): WorkloadArguments {
  const given = new Map<string, string>()
  for (let i = 0; i < words.length; i++) {
    const [name = '', inline] = (words[i] ?? '').split('=', 2)
    if (!name.startsWith('--')) continue
    const next = words[i + 1]
    if (inline !== undefined) given.set(name.slice(2), inline)
    else if (next !== undefined && !next.startsWith('--')) given.set(name.slice(2), next)
  }
  const text = (name: string): string => {
    const value = given.get(name)
    if (value === undefined) throw new Error(`--${name} is missing`)
    return value
  }
  const number = (name: string, otherwise: number): number => {
    const value = Number(given.get(name) ?? otherwise)
    if (!Number.isFinite(value)) throw new Error(`--${name} ${given.get(name)} is no number`)
    return value
  }
  const optional = (name: string): number | null => (given.has(name) ? number(name, 0) : null)
  return {
    workload: text('workload'),
    bootstrap: text('bootstrap').split(','),
    appId: text('app-id'),
    input: text('input').split(','),
    output: given.get('output') ?? '',
    guarantee: given.get('guarantee') === 'eos' ? 'exactly-once' : 'at-least-once',
    commitMs: number('commit-ms', 1_000),
    store: given.get('store') === 'memory' ? 'memory' : 'disk',
    stateDir: text('state-dir'),
    cacheBytes: number('cache-bytes', 0),
    threads: number('threads', 1),
    lingerMs: number('linger-ms', 100),
    batchBytes: number('batch-bytes', 131_072),
    sessionTimeoutMs: optional('session-timeout-ms'),
    transactionTimeoutMs: optional('transaction-timeout-ms'),
    instanceId: given.get('instance-id') ?? null,
  }
}
