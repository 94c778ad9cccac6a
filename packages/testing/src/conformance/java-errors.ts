/**
 * Errors of the function library, named as the JVM names them, and the one table that says which of Kafka's exceptions an
 * error of Millrace corresponds to. Vectors name exceptions by their Java classes; nothing else of the project does.
 */
import { StreamsError } from '@millrace/core'

/** An error with the name of a Java class. */
class JavaError extends Error {
  constructor(name: string, message: string) {
    super(message)
    this.name = name
  }
}

export const illegalState = (message: string): Error => new JavaError('IllegalStateException', message)
export const illegalArgument = (message: string): Error => new JavaError('IllegalArgumentException', message)
export const serialization = (message: string): Error => new JavaError('SerializationException', message)
export const numberFormat = (message: string): Error => new JavaError('NumberFormatException', message)
export const classCast = (message: string): Error => new JavaError('ClassCastException', message)

/** A vector that says something the interpreter does not know; never an expected error. */
export class UnknownSpec extends Error {
  override readonly name = 'UnknownSpec'
}

/** By code of Millrace; what is not listed is compared by area below. */
const byCode: Readonly<Record<string, readonly string[]>> = {
  // Of global stores Kafka does not unwrap what a failing handler leaves.
  MR_RECORD_PROCESS: ['StreamsException', 'FailedProcessingException'],
  MR_RECORD_DESERIALIZE: ['StreamsException', 'SerializationException'],
  MR_RECORD_SERIALIZE: ['StreamsException'],
  MR_RECORD_TIMESTAMP: ['StreamsException'],
  MR_RECORD_EXTRACTOR: ['StreamsException'],
  MR_RECORD_TIME: ['StreamsException'],
  MR_RECORD_CHILD: ['StreamsException'],
  MR_RECORD_PARTITION: ['IllegalArgumentException'],
  MR_RECORD_PARTITIONS: ['StreamsException'],
  MR_RECORD_TOPIC: ['IllegalArgumentException'],
  MR_RUNTIME_INIT: ['StreamsException'],
  MR_RUNTIME_TOPIC: ['IllegalArgumentException'],
  MR_TOPOLOGY_OPTIMIZATION: ['ConfigException'],
  MR_TOPOLOGY_SUPPLIER: ['IllegalArgumentException'],
  MR_TOPOLOGY_STORE_RETENTION: ['IllegalArgumentException'],
  MR_TOPOLOGY_STORE_SHAPE: ['StreamsException'],
  MR_TOPOLOGY_GRACE: ['IllegalArgumentException'],
  MR_OPERATOR_GRACE_UNVERSIONED: ['IllegalArgumentException'],
  MR_STORE_FLUSH: ['ProcessorStateException'],
  MR_CONFIG_SERDE: ['StreamsException', 'ConfigException'],
  MR_STORE_SERDE: ['StreamsException', 'ConfigException'],
  MR_OPERATOR_SERDE: ['StreamsException'],
  MR_OPERATOR_NULL_KEY: ['NullPointerException'],
  MR_OPERATOR_SUPPRESS_FULL: ['StreamsException'],
  MR_OPERATOR_NULL_RESULT: ['NullPointerException'],
  MR_STORE_NOT_CONNECTED: ['StreamsException'],
  MR_STORE_NULL_KEY: ['NullPointerException'],
  MR_STORE_WINDOW: ['IllegalArgumentException'],
  MR_STORE_DEFINITION: ['IllegalArgumentException', 'StreamsException'],
  MR_STORE_UNCACHEABLE: ['IllegalStateException'],
  MR_SERDE_TYPE: ['ClassCastException', 'StreamsException'],
}

/** By the beginning of the code: whole areas that Kafka reports with one class. */
const byArea: readonly (readonly [prefix: string, classes: readonly string[]])[] = [
  ['MR_TOPOLOGY_', ['TopologyException']],
  ['MR_WINDOW_', ['IllegalArgumentException']],
  ['MR_SERDE_', ['SerializationException']],
  ['MR_CONFIG_', ['ConfigException', 'IllegalArgumentException']],
]

/** Simple names of Java classes that an error may stand for. */
export function javaClasses(error: unknown): readonly string[] {
  if (error instanceof StreamsError) {
    const code: string = error.code
    return byCode[code] ?? byArea.find(([prefix]) => code.startsWith(prefix))?.[1] ?? []
  }
  if (error instanceof TypeError) return ['NullPointerException', 'ClassCastException']
  return error instanceof Error ? [error.name] : []
}

/** As above, for the name that a dead letter record carries: a code or a class name. */
export function javaClassesOfName(name: string): readonly string[] {
  if (name.startsWith('MR_')) return byCode[name] ?? byArea.find(([prefix]) => name.startsWith(prefix))?.[1] ?? []
  return name === 'TypeError' ? ['NullPointerException', 'ClassCastException'] : [name]
}
