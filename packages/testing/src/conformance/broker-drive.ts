/**
 * Runs one vector as an application on an embedded broker and compares every topic with what the test driver writes at
 * the same properties: bytes, timestamps and headers, in the order of each key.
 *
 * Each record is sent after the one before is processed, so that several inputs are read in the order of the steps.
 * What is stored is compared through the changelog topics, which hold every update of it.
 */
import { BrokerRig, comparableProperties, type TopicRecord } from './broker-rig.ts'
import { outputRecord } from './decoding.ts'
import { applicationIdOf, isInternalTopic } from './internal-topics.ts'
import { driverOptions } from './configuration.ts'
import { observeVector } from './run-vector.ts'
import { serdesOfTopic, stepRecord } from './step-records.ts'
import { dividesStreamTime, hasFreeOrder, unsuited } from './suited.ts'
import { type VectorApplication, vectorApplication } from './vector-runtime.ts'
import type { OutputRecord, Vector } from './vector.ts'

/** Why a vector was left out, or how it differs; both null when it is equal. */
export interface BrokerOutcome {
  readonly skipped: string | null
  readonly difference: string | null
}

/**
 * Why a vector cannot be compared on a broker; null when it can.
 *
 * @throws what building its topology throws
 */
export function whyNotOnBroker(vector: Vector): string | null {
  const reason = unsuited(vector) ?? (endsAsApplication(vector) ? 'an application ends, not the driver' : null)
  if (reason !== null) return reason
  const { topology } = vectorApplication(vector, applicationIdOf(vector), comparableProperties)
  if (hasFreeOrder(topology)) return 'several sub-topologies or repartition topics in free order'
  return dividesStreamTime(vector, topology) ? 'stream-time punctuations in several sub-topologies' : null
}

/** Never throws: whatever goes wrong is a difference. */
export async function runOnBroker(vector: Vector): Promise<BrokerOutcome> {
  try {
    const skipped = whyNotOnBroker(vector)
    if (skipped !== null) return { skipped, difference: null }
    await using rig = await BrokerRig.start()
    const application = rig.application(vector, applicationIdOf(vector))
    return { skipped: null, difference: await compareOnBroker(rig, vector, application) }
  } catch (error) {
    return { skipped: null, difference: `stopped: ${(error as Error).stack}` }
  }
}

/** True when the handler of an application would end it at a record of a global table, where Kafka's driver goes on. */
function endsAsApplication(vector: Vector): boolean {
  const hasGlobals = vector.topology.some(({ op }) => op === 'globalTable' || op === 'addGlobalStore')
  return hasGlobals && observeVector(vector, driverOptions).error !== undefined
}

async function compareOnBroker(rig: BrokerRig, vector: Vector, application: VectorApplication): Promise<string | null> {
  const expected = observeVector({ ...vector, config: { ...vector.config, ...comparableProperties } })
  if (expected.error !== undefined) return `the test driver fails at these properties: ${String(expected.error.error)}`
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
  for (const topic of new Set([...Object.keys(expected.output ?? {}), ...found.keys()])) {
    if (piped.has(topic)) continue
    const actual = (found.get(topic) ?? []).map((record) => written(vector, topic, record))
    const difference = topicDifference(expected.output?.[topic] ?? [], actual, marked)
    if (difference !== null) return `${topic}: ${difference}`
  }
  return null
}

function written(vector: Vector, topic: string, record: TopicRecord): OutputRecord {
  const serdes = isInternalTopic(topic, applicationIdOf(vector)) ? null : serdesOfTopic(vector, topic)
  return outputRecord(record, 0, serdes)
}

/** Compares the records of each key in their order. */
function topicDifference(
  expected: readonly OutputRecord[],
  actual: readonly OutputRecord[],
  marked: ReadonlySet<string>,
): string | null {
  const comparable = (record: OutputRecord): OutputRecord => withoutMarkedOffset(record, marked)
  const [wanted, got] = [byKey(expected.map(comparable)), byKey(actual.map(comparable))]
  for (const key of new Set([...wanted.keys(), ...got.keys()])) {
    const [want, have] = [wanted.get(key) ?? [], got.get(key) ?? []]
    for (let i = 0; i < Math.max(want.length, have.length); i++) {
      const [one, other] = [shown(want[i], want[i]), shown(have[i], want[i])]
      if (one !== other) return `record ${i + 1} of key ${key}: expected ${one}, got ${other}`
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

/** Without the step, and without the time where the record was written without one (it then has the clock's). */
function shown(record: OutputRecord | undefined, expected: OutputRecord | undefined): string {
  if (record === undefined) return 'nothing'
  const { step: _, ts, ...rest } = record
  return JSON.stringify(expected?.ts === null ? rest : { ...rest, ts })
}
