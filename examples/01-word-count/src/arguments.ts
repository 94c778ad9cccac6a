/** The command line: npm start -- [--kafka HOST:PORT] [--json] [--state DIR] [--top N] [FILE…] */
import { parseArgs } from 'node:util'

export interface WordCountArguments {
  /** `host:port`, comma separated; null = the embedded broker. */
  readonly kafka: string | null
  readonly json: boolean
  /** Where topics (of the embedded broker) and tables are kept; null = nowhere, or the default for a cluster. */
  readonly state: string | null
  /** Rows of the printed table. */
  readonly top: number
  readonly files: readonly string[]
}

export const usage = `Counts the words of a text on Millrace.

  npm start -- [--kafka HOST:PORT] [--json] [--state DIR] [--top N] [FILE…]

  FILE…              texts to count; "-" is standard input. Without: standard input if something is piped in,
                     else this repository's docs/
  --kafka HOST:PORT  use a Kafka cluster instead of the embedded broker
  --state DIR        keep topics and tables there: a run that was killed goes on where it was,
                     and the texts of later runs are added: lines appended to a file, all of a file that
                     was changed elsewhere
  --json             print every word as one JSON object per line, most frequent first
  --top N            rows of the table (20)

  npm run -s start -- --json | head -3 | jq .word`

/** @throws Error with one line that says what is wrong */
export function parseArguments(words: readonly string[]): WordCountArguments | 'help' {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      kafka: { type: 'string' },
      json: { type: 'boolean' },
      state: { type: 'string' },
      top: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) return 'help'
  const top = Number(values.top ?? 20)
  if (!Number.isInteger(top) || top < 1) throw new Error(`--top ${values.top}: give a whole number from 1`)
  for (const name of ['kafka', 'state'] as const) {
    if (values[name] === '')
      throw new Error(`--${name} needs a value: ${name === 'state' ? 'a directory' : 'host:port'}`)
  }
  return {
    kafka: values.kafka ?? null,
    json: values.json ?? false,
    state: values.state ?? null,
    top,
    files: positionals,
  }
}
