/**
 * Writes the lines of the texts to the topic, once each, however often the program is started.
 *
 * The topic itself remembers: the lines of one text share a key, hence a partition, hence an order, so the number of its
 * records there is the number of lines that are written. A killed run goes on behind them.
 */
import type { KafkaClient, TopicWriter } from 'millrace'
import { linesOf } from './lines.ts'
import type { Text } from './texts.ts'
import { sentences } from './topology.ts'

/** Lines of each text that the topic holds already. */
export async function linesWritten(client: KafkaClient): Promise<Map<string, number>> {
  const written = new Map<string, number>()
  for await (const { key } of client.read(sentences)) {
    if (key !== null) written.set(key, (written.get(key) ?? 0) + 1)
  }
  return written
}

/** @param onLines called now and then with the number of lines seen so far */
export async function feed(
  client: KafkaClient,
  texts: readonly Text[],
  onLines: (count: number) => void,
): Promise<void> {
  const written = await linesWritten(client)
  const writer = client.writer(sentences)
  let lines = 0
  for (const text of texts) {
    lines += await feedText(writer, text, written.get(text.name) ?? 0)
    onLines(lines)
  }
  await writer.flush()
}

async function feedText(writer: TopicWriter<string, string>, text: Text, skip: number): Promise<number> {
  let line = 0
  await writer.ready()
  for await (const sentence of linesOf(text.open())) {
    if (line++ < skip) continue
    writer.send(text.name, sentence)
    if (line % 1_000 === 0) await writer.ready()
  }
  return line
}
