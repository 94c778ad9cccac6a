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
  lag GROUP                            committed and end offsets of every partition the group reads (– = none)
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
        kafka: { type: 'string' },
        json: { type: 'boolean', default: false },
        format: { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
  } catch (error) {
    parts.err(`${(error as Error).message}\n\n${usage}`)
    return 2
  }
  const { help, json, kafka, format } = given.values
  const [verb, subject] = given.positionals
  if (help || verb === undefined) {
    parts.out(usage)
    return help ? 0 : 2
  }
  const asked: Asked = { verb, subject, format: format ?? (json ? 'json' : 'text'), kafka: kafka ?? 'localhost:9092' }
  const wrong = wrongUse(given.positionals, given.values)
  if (wrong !== null) {
    parts.err(`${wrong}\n\n${usage}`)
    return 2
  }
  try {
    const result = await runVerb(asked, parts)
    print(result, json, parts)
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

/** What may follow a verb, in the words of the usage. */
const subjects: Readonly<Record<string, { readonly name: string; readonly isNeeded: boolean } | null>> = {
  topology: { name: 'FILE', isNeeded: true },
  groups: { name: 'GROUP', isNeeded: false },
  lag: { name: 'GROUP', isNeeded: true },
  topics: null,
}

/** What is wrong with the words, null when nothing is. */
function wrongUse(
  words: readonly string[],
  options: { readonly format?: string; readonly kafka?: string },
): string | null {
  const [verb = '', word] = words
  if (!Object.hasOwn(subjects, verb)) return `"millrace ${words.join(' ')}" is not a command.`
  const subject = subjects[verb] ?? null
  if (subject?.isNeeded === true && word === undefined) return `"millrace ${verb}" needs a ${subject.name}.`
  const extra = words.slice(subject === null ? 1 : 2)
  if (extra.length > 0) return `"millrace ${verb}" does not take "${extra.join(' ')}".`
  const { format, kafka } = options
  if (verb !== 'topology' && format !== undefined) return `--format is for "millrace topology"; --json is for all.`
  if (format !== undefined && !['text', 'json'].includes(format)) return `--format "${format}": give text or json.`
  if (verb === 'topology' && kafka !== undefined) return '"millrace topology" reads a file; it takes no --kafka.'
  return kafka === '' ? '--kafka needs a host:port.' : null
}

async function runVerb({ verb, subject = '', format, kafka }: Asked, parts: CliParts): Promise<VerbResult> {
  if (verb === 'topology') return topologyVerb(await loaded(subject, parts), format)
  await using cluster = await parts.connect(kafka)
  if (verb === 'topics') return await topicsVerb(cluster)
  if (verb === 'lag') return await lagVerb(cluster, subject)
  return await (subject === '' ? listGroupsVerb(cluster) : describeGroupVerb(cluster, subject))
}

/** @throws Error with what to do when this Node reads no TypeScript */
async function loaded(path: string, parts: CliParts): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await parts.load(path)
  } catch (error) {
    const { code } = error as { code?: string }
    if (code !== 'ERR_UNKNOWN_FILE_EXTENSION' || !/\.[cm]?tsx?$/.test(path)) throw error
    throw new Error(
      `"${path}" is TypeScript, which this Node (${process.version}) does not read. Name the JavaScript that it is built to, or use Node 22.18 or newer, or a loader: NODE_OPTIONS="--import tsx" millrace topology ${path}`,
      { cause: error },
    )
  }
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
  const right = columns.map((column) => rows.some((row) => typeof row[column] === 'number'))
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, i) => (right[i] === true ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd()
  return columns.length === 0 ? [] : [line(columns), ...cells.map(line)]
}
