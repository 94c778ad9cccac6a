/** The topology: sentences in, counts out. */
import { int64, string, StreamsBuilder, topic } from 'millrace'

/** Lines of text; the key is the file a line came from, so that the lines of a file keep their order. */
export const sentences = topic('sentences', { key: string(), value: string() })
export const counts = topic('word-counts', { key: string(), value: int64() })

/** Words of a text: runs of letters, lower case. */
export const wordsOf = (text: string): string[] => text.toLowerCase().match(/\p{L}+/gu) ?? []

const builder = new StreamsBuilder()
builder
  .stream(sentences)
  .flatMapValues((sentence) => wordsOf(sentence))
  .groupBy((word) => word)
  .count({ store: 'counts' })
  .toStream()
  .to(counts)

export const topology = builder.build()
