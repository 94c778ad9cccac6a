/**
 * Writes the lines of the texts to the topic, once each, however often the program is started.
 *
 * The topic itself remembers: the lines of one text share a key, hence a partition, hence an order, so the number of its
 * records there is the number of lines that are written. A killed run goes on behind them, and so does one that finds the
 * file longer than it was.
 *
 * Is a file no longer the one that was read? A digest of the lines in the topic tells, compared with one of as many lines
 * of the file. A file that was changed there is another text: all of it is written, under a key of its own, and added to
 * what is counted already.
 */
import { createHash, type Hash } from 'node:crypto'
import type { KafkaClient, TopicWriter } from 'millrace'
import { linesOf } from './lines.ts'
import type { Text } from './texts.ts'
import { sentences } from './topology.ts'

/** What the topic holds of one text. */
interface Written {
  lines: number
  readonly digest: Hash
}

/** One version of a text: its key in the topic, and how many of its lines are there. */
interface Version {
  readonly key: string
  readonly lines: number
}

/** Texts of the topic by key. */
async function textsWritten(client: KafkaClient): Promise<Map<string, Written>> {
  const texts = new Map<string, Written>()
  for await (const { key, value } of client.read(sentences)) {
    if (key === null || value === null) continue
    const text = texts.get(key) ?? { lines: 0, digest: createHash('sha256') }
    text.lines++
    addLine(text.digest, value)
    texts.set(key, text)
  }
  return texts
}

/** @param onLines called now and then with the number of lines seen so far */
export async function feed(
  client: KafkaClient,
  texts: readonly Text[],
  onLines: (count: number) => void,
): Promise<void> {
  const written = await textsWritten(client)
  const writer = client.writer(sentences)
  let lines = 0
  for (const text of texts) {
    lines += await feedText(writer, text, await versionOf(text, written))
    onLines(lines)
  }
  await writer.flush()
}

async function feedText(writer: TopicWriter<string, string>, text: Text, { key, lines }: Version): Promise<number> {
  let line = 0
  await writer.ready()
  for await (const sentence of linesOf(text.open())) {
    if (line++ < lines) continue
    writer.send(key, sentence)
    if (line % 1_000 === 0) await writer.ready()
  }
  return line
}

/** The version whose lines in the topic are the beginning of the text, the longest one; a new one if there is none. */
async function versionOf(text: Text, written: ReadonlyMap<string, Written>): Promise<Version> {
  const known: { key: string; lines: number; digest: string }[] = []
  let key = text.name
  for (let number = 2; written.has(key); number++) {
    const { lines, digest } = written.get(key) as Written
    known.push({ key, lines, digest: digest.copy().digest('hex') })
    // NUL is in no file name
    key = `${text.name}\0${number}`
  }
  let found: Version = { key, lines: 0 }
  if (known.length === 0) return found
  const digest = createHash('sha256')
  const linesMax = Math.max(...known.map(({ lines }) => lines))
  let line = 0
  for await (const sentence of linesOf(text.open())) {
    line++
    addLine(digest, sentence)
    const here = known.filter(({ lines }) => lines === line)
    const same = here.length === 0 ? undefined : digest.copy().digest('hex')
    found = here.find((version) => version.digest === same) ?? found
    if (line === linesMax) break
  }
  return found
}

function addLine(digest: Hash, line: string): void {
  digest.update(line)
  digest.update('\n')
}
