/** Errors of single records: the record handlers decide (skip, dead-letter, stop). */

/** A reason inside a sentence: it may be the message of another error, with a full stop of its own. */
const clause = (reason: string): string => reason.replace(/\.$/, '')

export const recordMessages = {
  MR_RECORD_DESERIALIZE: (d: {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly part: string
    readonly reason: string
  }): string =>
    `The ${d.part} of the record at ${d.topic}-${d.partition} offset ${d.offset} cannot be decoded: ${clause(d.reason)}. Skip or dead-letter it with onDeserializationError, or correct the topic's serde.`,
  MR_RECORD_NULL_KEY: (d: { readonly topic: string; readonly partition: number; readonly offset: number }): string =>
    `The record at ${d.topic}-${d.partition} offset ${d.offset} has a null key, which topic "${d.topic}" does not declare; declare it with key: nullable(…).`,
  MR_RECORD_NULL_VALUE: (d: { readonly topic: string; readonly partition: number; readonly offset: number }): string =>
    `The record at ${d.topic}-${d.partition} offset ${d.offset} has a null value, which topic "${d.topic}" does not declare; declare it with value: nullable(…).`,
  MR_RECORD_TIMESTAMP: (d: {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly timestampMs: number
  }): string =>
    `The record at ${d.topic}-${d.partition} offset ${d.offset} has the negative timestamp ${d.timestampMs}; choose another timestampExtractor (log-and-skip, use-partition-time) to accept it.`,
  MR_RECORD_PROCESS: (d: {
    readonly node: string
    readonly task: string
    readonly topic: string | null
    readonly partition: number
    readonly offset: number
    readonly reason: string
  }): string =>
    `Node "${d.node}" of task ${d.task} failed on ${d.topic === null ? 'a punctuation' : `the record at ${d.topic}-${d.partition} offset ${d.offset}`}: ${d.reason}`,
  MR_RECORD_SERIALIZE: (d: { readonly topic: string; readonly part: string; readonly reason: string }): string =>
    `The ${d.part} of a record for topic "${d.topic}" cannot be encoded: ${clause(d.reason)}. Correct the serde, or decide with onProductionError.`,
  MR_RECORD_PRODUCE: (d: { readonly topic: string; readonly reason: string }): string =>
    `A record for topic "${d.topic}" was refused: ${clause(d.reason)}. Decide with onProductionError.`,
  MR_RECORD_EXTRACTOR: (d: {
    readonly topic: string
    readonly partition: number
    readonly offset: number
    readonly reason: string
  }): string =>
    `The timestamp extractor failed on the record at ${d.topic}-${d.partition} offset ${d.offset}: ${d.reason}. Correct it; to drop a record it returns a negative number.`,
  MR_RECORD_FIXED_KEY: (d: { readonly node: string }): string =>
    `Node "${d.node}" (processValues) forwarded a record with another key than that of the record being processed; use process() to change keys.`,
  MR_RECORD_CHILD: (d: { readonly node: string; readonly child: string }): string =>
    `Node "${d.node}" forwarded to "${d.child}", which does not exist or is not a child of it; connect it, or correct the name.`,
  MR_RECORD_HANDLER: (d: { readonly option: string; readonly reason: string }): string =>
    `${d.option} itself failed: ${d.reason}. A handler must return one of its answers.`,
  MR_RECORD_TOPIC: (d: { readonly node: string; readonly chosen: string }): string =>
    `The topic extractor of sink "${d.node}" answered ${d.chosen}; it must return the name of a topic.`,
  MR_RECORD_PARTITIONS: (d: { readonly node: string; readonly topic: string }): string =>
    `${d.node === '' ? 'A partition' : `A partition for sink "${d.node}"`} of topic "${d.topic}" was asked for before its partitions are known; does the topic exist?`,
  MR_RECORD_PARTITION: (d: {
    readonly node: string
    readonly topic: string
    readonly chosen: string
    readonly partitions: number
  }): string =>
    `The partitioner of sink "${d.node}" chose ${d.chosen} for topic "${d.topic}", which has ${d.partitions} partitions; it must return a whole number from 0 to ${d.partitions - 1}, a list of them, or undefined for the default partitioner.`,
  MR_RECORD_TIME: (d: { readonly node: string; readonly timestampMs: number }): string =>
    `Node "${d.node}" forwarded a record with the timestamp ${d.timestampMs}; event time is whole milliseconds since the epoch, 0 or later.`,
} as const
