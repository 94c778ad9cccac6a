/**
 * `npm run -s conformance:app -- FILE --bootstrap HOST:PORT --app-id ID --state-dir DIR`: the topology of a golden vector
 * as an application on a real cluster, so that Kafka Streams in Java can take its topics over in the middle of the
 * input, and it theirs.
 *
 * FILE is a `.json` vector or `FILE.jsonl#NAME`. Further options: `--partitions N` of the topics it creates, `--property
 * k=v …` over those of the vector. It tells what happens as lines of JSON, `{"event":"state","state":"RUNNING"}` among
 * them, runs until SIGTERM, then closes and leaves the group. Exit code 1 after an error.
 *
 * It is here because it needs the sockets and the disk of the preset, on which the testing package must not depend.
 */
import { parseArgs } from 'node:util'
import { wholeNumber } from '@millrace/core/internal'
import type { Logger } from '@millrace/core/port'
import { Cluster } from '@millrace/protocol'
import { nodeClock, nodeRandom, nodeTimers, stderrLogger } from '@millrace/runtime/internal'
import { levelStores } from '@millrace/store-level'
import { createVectorTopics, loadVector, vectorApplication, vectorRuntime } from '@millrace/testing/internal'
import { kafkajsTransport } from '@millrace/transport-kafkajs'

const usage =
  'usage: conformance:app FILE --bootstrap HOST:PORT --app-id ID --state-dir DIR [--partitions N] [--property k=v …]'

interface AppArguments {
  readonly file: string
  readonly bootstrap: string
  readonly applicationId: string
  readonly stateDirectory: string
  readonly partitions: number
  readonly properties: Readonly<Record<string, string>>
}

/** @throws an Error for what is missing or not known */
function readArguments(args: readonly string[]): AppArguments {
  const text = { type: 'string' } as const
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      bootstrap: text,
      'app-id': text,
      'state-dir': text,
      partitions: { ...text, default: '1' },
      property: { ...text, multiple: true, default: [] },
    },
  })
  // `--property a=1 b=2` is one option and a word that follows it.
  const [file, ...more] = positionals
  const { bootstrap, 'app-id': applicationId, 'state-dir': stateDirectory } = values
  if (file === undefined || bootstrap === undefined || applicationId === undefined || stateDirectory === undefined) {
    throw new Error(usage)
  }
  const pairs = [...values.property, ...more].filter((pair) => pair !== '')
  const properties = pairs.map((pair): [string, string] => {
    const at = pair.indexOf('=')
    if (at < 1) throw new Error(`"${pair}" is no property; ${usage}`)
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
  const partitions = wholeNumber('--partitions', values.partitions, { least: 1 })
  return { file, bootstrap, applicationId, stateDirectory, partitions, properties: Object.fromEntries(properties) }
}

function tell(event: string, details: object): void {
  process.stdout.write(`${JSON.stringify({ event, ...details })}\n`)
}

function tellError(error: unknown): void {
  const { name, message, code, stack } = error as Error & { readonly code?: string }
  tell('error', { type: code ?? name, message, stack })
}

/** Restores are events; the rest goes where it always goes. */
const logger: Logger = {
  ...stderrLogger,
  info: (text, fields) => {
    if (text === 'restored') tell('restoreEnd', { ...fields })
  },
}

async function main(): Promise<number> {
  const { file, bootstrap, applicationId, stateDirectory, partitions, properties } = readArguments(
    process.argv.slice(2),
  )
  const application = vectorApplication(loadVector(file), applicationId, properties)
  const kafka = { brokers: [bootstrap] }
  const transport = kafkajsTransport(kafka, { clientId: applicationId, logger })
  const around = { clock: nodeClock, timers: nodeTimers, random: nodeRandom, logger }
  const admin = new Cluster(await transport.open('admin'), around)
  await createVectorTopics(admin, application.topics.external, partitions)
  await admin.close()
  const stores = levelStores({ directory: stateDirectory })
  const runtime = vectorRuntime(application, { transport, stores, stateDirectory, logger })
  runtime.onState((state) => tell('state', { state }))
  const close = (): void => void runtime.close({ leaveGroup: true, timeout: '30s' })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, close)
  let failure: unknown = null
  try {
    await runtime.start()
    await runtime.ended()
  } catch (error) {
    failure = error
    tellError(error)
  }
  tell('closed', { clean: failure === null })
  return failure === null ? 0 : 1
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    tellError(error)
    process.exit(1)
  },
)
