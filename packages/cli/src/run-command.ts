/**
 * The verbs of `millrace`. Data goes to standard output, messages to standard error; `--json` gives one JSON object per
 * line. Exit codes: 0 done, 1 failure, 2 usage, 3 not found.
 */
import { parseArgs } from 'node:util'
import type { Cluster } from '@millrace/protocol'
import { describeGroupVerb, listGroupsVerb } from './groups.ts'
import { lagVerb } from './lag.ts'
import { topicsVerb } from './topics.ts'
import { topologyVerb } from './topology.ts'

/** What the command line is given by whoever puts the parts together. */
export interface CliParts {
  /** Connects to `host:port,…`; the caller closes the cluster. */
  connect(bootstrap: string): Promise<Cluster & AsyncDisposable>
  /** Imports a module of the user by path. */
  load(path: string): Promise<Readonly<Record<string, unknown>>>
  out(line: string): void
  err(line: string): void
}

/** A verb's result: rows for a table or for JSON lines, or plain text. */
export interface VerbResult {
  readonly rows?: readonly Readonly<Record<string, string | number | null>>[]
  readonly text?: string
  /** Exit code; default 0. */
  readonly code?: number
}

const usage = `millrace VERB [options]

  topology FILE [--format text|json]   the topology that a module exports (topology, builder or default)
  groups [GROUP]                       all groups, or one with its members
  lag GROUP                            committed and end offsets of every partition the group reads
  topics                               topics with their partition counts

  --kafka HOST:PORT   the cluster (default localhost:9092)
  --json              one JSON object per line

  millrace lag word-count --json | jq .lag`

/** @returns the exit code */
export async function runCommand(words: readonly string[], parts: CliParts): Promise<number> {
  let given
  try {
    given = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        kafka: { type: 'string', default: 'localhost:9092' },
        json: { type: 'boolean', default: false },
        format: { type: 'string', default: 'text' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    parts.err(`${(error as Error).message}\n\n${usage}`)
    return 2
  }
  const [verb, subject] = given.positionals
  if (given.values.help || verb === undefined) {
    parts.out(usage)
    return given.values.help ? 0 : 2
  }
  try {
    const result = await runVerb({ verb, subject, format: given.values.format, kafka: given.values.kafka }, parts)
    if (result === null) {
      parts.err(`"millrace ${given.positionals.join(' ')}" is not a command.\n\n${usage}`)
      return 2
    }
    print(result, given.values.json, parts)
    return result.code ?? 0
  } catch (error) {
    parts.err((error as Error).message)
    return 1
  }
}

interface Asked {
  readonly verb: string
  readonly subject: string | undefined
  readonly format: string
  readonly kafka: string
}

async function runVerb({ verb, subject, format, kafka }: Asked, parts: CliParts): Promise<VerbResult | null> {
  if (verb === 'topology') return subject === undefined ? null : topologyVerb(await parts.load(subject), format)
  const verbs: Readonly<Record<string, ((cluster: Cluster) => Promise<VerbResult>) | null>> = {
    groups: (cluster) => (subject === undefined ? listGroupsVerb(cluster) : describeGroupVerb(cluster, subject)),
    lag: subject === undefined ? null : (cluster) => lagVerb(cluster, subject),
    topics: topicsVerb,
  }
  const run = Object.hasOwn(verbs, verb) ? verbs[verb] : null
  if (run === null || run === undefined) return null
  await using cluster = await parts.connect(kafka)
  return await run(cluster)
}

function print({ rows = [], text }: VerbResult, json: boolean, parts: CliParts): void {
  if (text !== undefined) parts.out(text)
  if (json) for (const row of rows) parts.out(JSON.stringify(row))
  else for (const line of tableOf(rows)) parts.out(line)
}

/** Columns as wide as their widest cell; numbers to the right. */
function tableOf(rows: readonly Readonly<Record<string, string | number | null>>[]): string[] {
  const columns = Object.keys(rows[0] ?? {})
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? '–')))
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((line) => line[i]?.length ?? 0)))
  const right = columns.map((column) => typeof rows[0]?.[column] === 'number')
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => (right[i] === true ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return columns.length === 0 ? [] : [line(columns), ...cells.map(line)]
}
