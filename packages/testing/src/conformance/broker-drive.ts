/**
 * Runs one vector as an application on an embedded broker and compares every topic: bytes, timestamps and headers, in the
 * order of each key. A vector that expects an error must end the application with one of the same class.
 *
 * Each record is sent after the one before is processed, so that several inputs are read in the order of the steps. An
 * application that reads nothing that it writes must then write what Kafka's driver wrote; behind topics of its own
 * several records may be committed together, so without caches it must write what our driver writes without them.
 * What is stored is compared through the changelog topics, which hold every update of it.
 */
import { StreamsError } from '@millrace/core'
import { BrokerRig, comparableProperties, type RunningVector, type TopicRecord } from './broker-rig.ts'
import { outputRecord } from './decoding.ts'
import { applicationIdOf, isInternalTopic } from './internal-topics.ts'
import { driverOptions } from './configuration.ts'
import { difference } from './compare.ts'
import { javaClasses, UnknownSpec } from './java-errors.ts'
import { observeVector } from './run-vector.ts'
import { serdesOfTopic, stepRecord } from './step-records.ts'
import { dividesStreamTime, hasFreeOrder, leavesNothingFree, unsuited } from './suited.ts'
import { type Properties, type VectorApplication, vectorApplication } from './vector-runtime.ts'
import type { OutputRecord, Vector } from './vector.ts'

const cacheProperty = 'statestore.cache.max.bytes'
const cacheDefault = String(10 * 1024 * 1024)

/** Whose result an application was compared with. */
export type Reference = "Kafka's records" | "Kafka's error" | "our driver's records without caches"

/** Why a vector was left out, or how it differs; both null when it is equal. */
export interface BrokerOutcome {
  /** Null when it was left out, or could not be run. */
  readonly reference: Reference | null
  readonly skipped: string | null
  readonly difference: string | null
}

/** Why a vector cannot be compared on a broker; null when it can. */
export function whyNotOnBroker(vector: Vector): string | null {
  const reason = unsuited(vector)
  if (reason !== null) return reason
  if (vector.expect.error === undefined && endsAsApplication(vector)) return 'an application ends, not the driver'
  const application = attempt(() => vectorApplication(vector, applicationIdOf(vector), comparableProperties))
  if (application instanceof Error) return null
  const { topology } = application
  if (hasFreeOrder(topology)) return 'several sub-topologies or repartition topics in free order'
  return dividesStreamTime(vector, topology) ? 'stream-time punctuations in several sub-topologies' : null
}

/** Never throws: whatever goes wrong is a difference. */
export async function runOnBroker(vector: Vector): Promise<BrokerOutcome> {
  try {
    const skipped = whyNotOnBroker(vector)
    if (skipped !== null) return { skipped, reference: null, difference: null }
    await using rig = await BrokerRig.start()
    if (vector.expect.error === undefined) return { skipped, ...(await compareOnBroker(rig, vector)) }
    const application = attempt(() => rig.application(vector, applicationIdOf(vector), ownProperties(vector)))
    const difference =
      application instanceof Error ? errorDifference(vector, application) : await failOnBroker(rig, vector, application)
    return { skipped, reference: "Kafka's error", difference }
  } catch (error) {
    return { skipped: null, reference: null, difference: `stopped: ${(error as Error).stack}` }
  }
}

/** The properties that the vector sets, and the cache it has. */
function ownProperties({ config = {} }: Vector): Properties {
  const given = Object.entries(config).filter((entry): entry is [string, string] => entry[1] !== null)
  return { [cacheProperty]: cacheDefault, ...Object.fromEntries(given) }
}

function attempt<T>(action: () => T): T | Error {
  try {
    return action()
  } catch (error) {
    if (error instanceof UnknownSpec) throw error
    return error as Error
  }
}

/** The error of an application must stand for the class that Kafka's has. */
function errorDifference({ expect }: Vector, error: Error | null): string | null {
  const wanted = expect.error?.type ?? 'none'
  if (error === null) return `error: expected ${wanted}, got none`
  // What is no error of ours ends the worker, and the application says so around it.
  const own = error instanceof StreamsError && error.code === 'MR_RUNTIME_WORKER' ? error.cause : error
  return javaClasses(own).includes(wanted) ? null : `error: expected ${wanted}, got ${error.stack}`
}

/**
 * An application of a vector that fails: it must end where Kafka's driver fails, with the same class of error. One that
 * fails while starting does so when it gets its task, so the records are there already.
 */
async function failOnBroker(rig: BrokerRig, vector: Vector, application: VectorApplication): Promise<string | null> {
  await rig.createTopics(application.topics.external)
  const last = vector.expect.error?.step ?? Infinity
  const records = vector.steps.map((step) => stepRecord(vector, step))
  let running: RunningVector | null = null
  try {
    running = await rig.run(application)
    for (const [at, record] of records.entries()) {
      if (record === null || at > last) continue
      await rig.send([record])
      await rig.settle(running)
    }
    await running.stop()
    return errorDifference(vector, null)
  } catch (error) {
    // What it closed while it ended may be met before its own error.
    const own = (await running?.stop().catch((failure: Error) => failure)) ?? null
    return errorDifference(vector, own ?? (error as Error))
  }
}

/** True when the handler of an application would end it at a record of a global table, where Kafka's driver goes on. */
function endsAsApplication(vector: Vector): boolean {
  const hasGlobals = vector.topology.some(({ op }) => op === 'globalTable' || op === 'addGlobalStore')
  return hasGlobals && observeVector(vector, driverOptions).error !== undefined
}

/** What every topic must hold, and how records are compared. */
interface Expected {
  readonly output: Readonly<Record<string, readonly OutputRecord[]>>
  readonly application: VectorApplication
  readonly differs: Comparison
  readonly reference: Reference
}

type Comparison = (want: OutputRecord | undefined, have: OutputRecord | undefined) => string | null

/** By what Kafka's driver wrote where that leaves nothing free, else by what ours writes when nothing is cached. */
function expectedOf(rig: BrokerRig, vector: Vector): Expected {
  const application = rig.application(vector, applicationIdOf(vector))
  const { topology } = application
  if (leavesNothingFree(topology) && vector.config?.['processing.guarantee'] === undefined) {
    const cache = ownProperties(vector)[cacheProperty] ?? cacheDefault
    const cached = rig.application(vector, applicationIdOf(vector), { [cacheProperty]: cache })
    return {
      output: vector.expect.output ?? {},
      application: cached,
      differs: differsFromKafka,
      reference: "Kafka's records",
    }
  }
  const driven = observeVector({ ...vector, config: { ...vector.config, ...comparableProperties } })
  if (driven.error !== undefined) throw driven.error.error
  return { output: driven.output ?? {}, application, differs, reference: "our driver's records without caches" }
}

async function compareOnBroker(rig: BrokerRig, vector: Vector): Promise<Omit<BrokerOutcome, 'skipped'>> {
  const { output, application, differs: compared, reference } = expectedOf(rig, vector)
  await rig.createTopics(application.topics.external)
  const running = await rig.run(application)
  const piped = new Set<string>()
  for (const step of vector.steps) {
    const record = stepRecord(vector, step)
    if (record === null) continue
    piped.add(record.topic)
    await rig.send([record])
    await rig.settle(running)
  }
  await running.stop()
  const found = await rig.read()
  const marked = markedTopics(vector, application)
  for (const topic of new Set([...Object.keys(output), ...found.keys()])) {
    if (piped.has(topic)) continue
    const actual = (found.get(topic) ?? []).map((record) => written(vector, topic, record))
    const difference = topicDifference(output[topic] ?? [], actual, { marked, compared })
    if (difference !== null) return { reference, difference: `${topic}: ${difference}` }
  }
  return { reference, difference: null }
}

function written(vector: Vector, topic: string, record: TopicRecord): OutputRecord {
  const serdes = isInternalTopic(topic, applicationIdOf(vector)) ? null : serdesOfTopic(vector, topic)
  return outputRecord(record, 0, serdes)
}

/** Compares the records of each key in their order. */
function topicDifference(
  expected: readonly OutputRecord[],
  actual: readonly OutputRecord[],
  { marked, compared }: { readonly marked: ReadonlySet<string>; readonly compared: Comparison },
): string | null {
  const comparable = (record: OutputRecord): OutputRecord => withoutMarkedOffset(record, marked)
  const [wanted, got] = [byKey(expected.map(comparable)), byKey(actual.map(comparable))]
  for (const key of new Set([...wanted.keys(), ...got.keys()])) {
    const [want, have] = [wanted.get(key) ?? [], got.get(key) ?? []]
    for (let i = 0; i < Math.max(want.length, have.length); i++) {
      const difference = compared(want[i], have[i])
      if (difference !== null) return `record ${i + 1} of key ${key}: ${difference}`
    }
  }
  return null
}

/** Topics that transactions write: their offsets count the markers, which the driver has none of. */
function markedTopics(vector: Vector, { topology, options }: VectorApplication): ReadonlySet<string> {
  if (vector.config?.['processing.guarantee'] !== 'exactly_once_v2') return new Set()
  const sinks = topology.subTopologies.flatMap(({ sinkTopics }) => sinkTopics)
  return new Set(sinks.map((topic) => topology.topicName(topic, options.applicationId)))
}

/** Without the offset that a dead letter names, or that a buffer keeps of its record, when it counts markers. */
function withoutMarkedOffset(record: OutputRecord, marked: ReadonlySet<string>): OutputRecord {
  const headers = record.headers ?? []
  const kept = record.valueHex
  if (headers[0]?.[0] === 'v' && kept !== undefined && marked.has(topicOfBuffered(kept)))
    return { ...record, valueHex: `${kept.slice(0, 16)}${kept.slice(32)}` }
  const topic = headers.find(([name]) => name === '__streams.errors.topic')?.[1] ?? ''
  if (!marked.has(topic)) return record
  return { ...record, headers: headers.filter(([name]) => name !== '__streams.errors.offset') }
}

/** The topic in a row of a buffer: time 8, offset 8, length 4, text. */
function topicOfBuffered(valueHex: string): string {
  const bytes = Buffer.from(valueHex, 'hex')
  return bytes.length < 20 ? '' : bytes.toString('utf8', 20, 20 + bytes.readInt32BE(16))
}

function byKey(records: readonly OutputRecord[]): Map<string, OutputRecord[]> {
  const found = new Map<string, OutputRecord[]>()
  for (const record of records) {
    const key = JSON.stringify([record.key, record.keyHex])
    found.set(key, [...(found.get(key) ?? []), record])
  }
  return found
}

/** As texts, so that nothing but what is written counts. */
function differs(want: OutputRecord | undefined, have: OutputRecord | undefined): string | null {
  const [one, other] = [JSON.stringify(shown(want, want)), JSON.stringify(shown(have, want))]
  return one === other ? null : `expected ${one}, got ${other}`
}

function differsFromKafka(want: OutputRecord | undefined, have: OutputRecord | undefined): string | null {
  return difference('record', shown(want, want), shown(have, want))
}

/** Without the step, and without the time where the record was written without one (it then has the clock's). */
function shown(record: OutputRecord | undefined, expected: OutputRecord | undefined): object | null {
  if (record === undefined) return null
  const { step: _, ts, ...rest } = record
  return expected?.ts === null ? rest : { ...rest, ts }
}
