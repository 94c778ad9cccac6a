/** Types of the conformance vectors; their meaning is in test/conformance/streams/FORMAT.md. */
import type { Op } from './vector-ops.ts'

// ---------------------------------------------------------------- vector

export interface Vector {
  name: string
  about: string
  /** Version of Apache Kafka that made `expect`. */
  kafka: string
  /** Kafka Streams properties; null = the property is not set. */
  config?: { [property: string]: string | null }
  /** Topic -> serdes for piping and for decoding sink topics. */
  topics?: { [topic: string]: [key: SerdeName, value: SerdeName] }
  api?: 'dsl' | 'topology'
  wallClock?: number
  builderConfig?: boolean
  buildWithConfig?: boolean
  jvmDefect?: true
  topology: Op[]
  steps: Step[]
  expect: Expect
}

// ---------------------------------------------------------------- values

export type SerdeName =
  | 'string'
  | 'long'
  | 'int'
  | 'bytes'
  | 'picky'
  | `time-windowed:${string}:${number}`
  | `session-windowed:${string}`

/** A decoded key or value: text, long or int, bytes as hex text, or a windowed key. */
export type Value = string | number | null | WindowedKey
export interface WindowedKey {
  key: string | number
  start: number
  end: number
}
/** Name and text; `0x...` for bytes that are not printable ASCII (only in expectations). */
export type Header = [name: string, value: string | null]

// ---------------------------------------------------------------- steps

export type Step = PipeStep | PipeRawStep | AdvanceWallClockStep | ReadStoreStep
export interface PipeStep {
  pipe: { topic: string; key: Value; value: Value; ts: number; headers?: Header[] }
}
export interface PipeRawStep {
  pipeRaw: { topic: string; keyHex: string | null; valueHex: string | null; ts: number; headers?: Header[] }
}
export interface AdvanceWallClockStep {
  advanceWallClock: number
}
export interface ReadStoreStep {
  readStore: string
}

// ---------------------------------------------------------------- expectations

export interface Expect {
  error?: ExpectedError
  /** Lines. */
  description?: string[]
  /** One sorted list of keys per `split` op. */
  branches?: string[][]
  output?: { [topic: string]: OutputRecord[] }
  reads?: StoreRead[]
  trace?: [step: number, line: string][]
  stores?: { [store: string]: StoreContent }
  metrics?: { [name in MetricName]?: number }
}

export type MetricName = 'dropped-records-total' | 'suppression-emit-total' | 'window-aggregate-final-emit-total'

export type ExpectedError =
  | ({ phase: 'build'; op?: number; step?: never } & ErrorText)
  | ({ phase: 'start' | 'close'; op?: never; step?: never } & ErrorText)
  | ({ phase: 'step'; step: number; op?: never } & ErrorText)
export interface ErrorText {
  type: ErrorType
  causes: ErrorType[]
  message: string
}
/** Simple names of Java classes. */
export type ErrorType =
  | 'StreamsException'
  | 'TopologyException'
  | 'ProcessorStateException'
  | 'ConfigException'
  | 'IllegalArgumentException'
  | 'IllegalStateException'
  | 'NullPointerException'
  | 'ClassCastException'
  | 'SerializationException'

/** At least one of `key` and `keyHex`, and one of `value` and `valueHex`, is there. */
export type OutputRecord = { step: number; ts: number | null; headers?: Header[] } & KeyPart & ValuePart
export type KeyPart = { key: Value; keyHex?: string } | { key?: never; keyHex: string }
export type ValuePart = { value: Value; valueHex?: string } | { value?: never; valueHex: string }

export type StoreRead = { step: number; store: string } & (
  | StoreContent
  | { missing: true; kind?: never; entries?: never }
)

export type StoreContent =
  | { kind: 'kv'; entries: { key: Value; value: Value }[] }
  | { kind: 'timestamped-kv'; entries: { key: Value; value: Value; ts: number }[] }
  | { kind: 'headers-kv'; entries: { key: Value; value: Value; ts: number; headers?: Header[] }[] }
  | { kind: 'window'; entries: { key: Value; start: number; end: number; value: Value }[] }
  | { kind: 'timestamped-window'; entries: { key: Value; start: number; end: number; value: Value; ts: number }[] }
  | {
      kind: 'headers-window'
      entries: { key: Value; start: number; end: number; value: Value; ts: number; headers?: Header[] }[]
    }
  | { kind: 'session'; entries: { key: Value; start: number; end: number; value: Value }[] }
  | { kind: 'headers-session'; entries: { key: Value; start: number; end: number; value: Value; headers?: Header[] }[] }
  | { kind: 'versioned'; entries: { key: Value; value: Value; ts: number; validTo?: number }[] }
