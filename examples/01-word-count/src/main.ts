/**
 * Word count, whole: feeds text into a topic, counts its words with a topology, prints the table.
 *
 * Runs on the embedded broker or on a cluster with the same code; exactly once, so that a run that is killed and started
 * again ends with the same counts.
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EmbeddedBroker, KafkaClient, type KafkaTarget, StreamsApp } from 'millrace'
import { parseArguments, usage, type WordCountArguments } from './arguments.ts'
import { feed } from './feed.ts'
import { printJson, printTable, progress, type WordRow } from './output.ts'
import { textsOf } from './texts.ts'
import { counts, sentences, topology } from './topology.ts'

const applicationId = 'word-count'
const partitions = 4
const docs = fileURLToPath(new URL('../../../docs', import.meta.url))

async function main(given: WordCountArguments): Promise<void> {
  const texts = await textsOf(given.files, docs)
  await using broker = given.kafka === null ? await EmbeddedBroker.start(brokerOptions(given.state)) : null
  const kafka: KafkaTarget = broker ?? { brokers: (given.kafka ?? '').split(',') }
  await using client = new KafkaClient(kafka)
  await client.createTopics([sentences, counts], { partitions })

  await using app = new StreamsApp(topology, {
    applicationId,
    kafka,
    processingGuarantee: 'exactly-once',
    // a run that is started again after a kill waits this long for its former life to be given up
    sessionTimeout: '6s',
    heartbeatInterval: '1s',
    ...(given.state === null ? {} : { stateDirectory: join(given.state, 'tables') }),
  })
  await app.start()
  const show = progress()
  const work = async (): Promise<WordRow[]> => {
    await feed(client, texts, (lines) => show(`${lines} lines written`))
    await counted(client, show)
    return table(client)
  }
  // an application that fails ends the wait
  const rows = await Promise.race([work(), app.ended().then(() => [])])
  show('')
  if (given.json) printJson(rows)
  else printTable(rows, given.top)
}

function brokerOptions(state: string | null): { directory?: string } {
  return state === null ? {} : { directory: join(state, 'topics') }
}

/** Resolves when the application has read every line, and every word between its two halves. */
async function counted(client: KafkaClient, show: (text: string) => void): Promise<void> {
  for (let left = Number.POSITIVE_INFINITY; left > 0;) {
    const partitionLags = await client.lag(applicationId, [sentences.name])
    left = partitionLags.reduce((sum, { lag }) => sum + lag, 0)
    show(`${left} records to go`)
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** The table of counts, from its topic: all partitions, whichever instance computed them. */
async function table(client: KafkaClient): Promise<WordRow[]> {
  const rows = new Map<string, number>()
  for await (const { key, value } of client.read(counts)) if (key !== null && value !== null) rows.set(key, value)
  return [...rows]
    .map(([word, count]) => ({ word, count }))
    .toSorted((a, b) => b.count - a.count || (a.word < b.word ? -1 : 1))
}

try {
  const given = parseArguments(process.argv.slice(2))
  if (given === 'help') console.log(usage)
  else await main(given)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
