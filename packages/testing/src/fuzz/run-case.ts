/** Runs a case, on the test driver or as an application on an embedded broker, and compares the output with the model's. */
import { BrokerRig, comparableProperties } from '../conformance/broker-rig.ts'
import { driverOptions } from '../conformance/configuration.ts'
import { buildVector } from '../conformance/build-vector.ts'
import type { ProducedRecord } from '../conformance/decoding.ts'
import { stepRecord, type StepRecord } from '../conformance/step-records.ts'
import type { Vector } from '../conformance/vector.ts'
import { TopologyTestDriver } from '../driver/topology-test-driver.ts'
import type { ModelRecord, ModelUpdate } from '../model/model.ts'
import type { Expectation, FuzzCase } from './fuzz-case.ts'

/** Where a case runs: on the test driver, or as an application on an embedded broker, at least once or exactly once. */
export type Drive = 'driver' | 'broker' | 'exactly-once'

/** The case as a vector without expectations; `records` replace those of the case. */
export function vectorOf(one: FuzzCase, records: readonly ModelRecord[] = one.records): Vector {
  const steps = [...records, ...one.closing].map((record) => ({ pipe: record }))
  const { family: name, config, topology } = one
  return { name, about: 'random', kafka: '', config, topics: {}, topology, steps, expect: {} } as unknown as Vector
}

/** The first difference, or null. Never throws: whatever goes wrong is a difference. */
export async function differenceOf(
  one: FuzzCase,
  records: readonly ModelRecord[],
  drive: Drive,
): Promise<string | null> {
  try {
    const vector = vectorOf(one, records)
    const expected = one.expected([...records, ...one.closing])
    const place = { drive, partitions: one.partitions ?? 1 }
    const run = drive === 'driver' ? onDriver(vector) : await onBroker(vector, expected, place)
    const ended = endDifference(expected.endsWith, run.error)
    // What the last record let out before it failed may have been written by an application; the driver shows none of it.
    const sure = drive === 'driver' || expected.endsWith === undefined
    return ended ?? compare(expected, sure ? run.written.map(updateOf) : startOf(expected, run.written.map(updateOf)))
  } catch (error) {
    return `stopped: ${(error as Error).stack}`
  }
}

function recordsOf(vector: Vector): StepRecord[] {
  return vector.steps.flatMap((step) => stepRecord(vector, step) ?? [])
}

/** What was written to `out`, and what ended the run before its end; null = nothing. */
interface CaseRun {
  readonly written: readonly ProducedRecord[]
  readonly error: Error | null
}

function onDriver(vector: Vector): CaseRun {
  const driver = new TopologyTestDriver(buildVector(vector), driverOptions(vector))
  let error: Error | null = null
  try {
    for (const record of recordsOf(vector)) driver.pipeRaw(record.topic, record)
    driver.close()
  } catch (thrown) {
    error = thrown as Error
  }
  return { written: driver.readRaw('out'), error }
}

/** How the end of a run differs from what is expected; null = it does not. */
function endDifference(expected: string | undefined, error: Error | null): string | null {
  const codes: string[] = []
  for (let at: unknown = error; at instanceof Error; at = at.cause)
    codes.push((at as { code?: string }).code ?? at.name)
  if (expected === undefined) return error === null ? null : `stopped: ${error.stack}`
  return codes.includes(expected) ? null : `the model says that it ends with ${expected}; it was ${codes.join(' <- ')}`
}

/** Of each key only as many updates as are expected. */
function startOf(expected: Expectation, written: readonly ModelUpdate[]): readonly ModelUpdate[] {
  if (expected.compare === 'final') return written
  const left = new Map<string, number>()
  for (const { key } of expected.updates) left.set(key, (left.get(key) ?? 0) + 1)
  return written.filter(({ key }) => {
    const count = left.get(key) ?? 0
    left.set(key, count - 1)
    return count > 0
  })
}

async function onBroker(
  vector: Vector,
  expected: Expectation,
  { drive, partitions }: { readonly drive: Drive; readonly partitions: number },
): Promise<CaseRun> {
  await using rig = await BrokerRig.start()
  const guarantee = drive === 'exactly-once' ? { 'processing.guarantee': 'exactly_once_v2' } : {}
  const application = rig.application(vector, 'fuzz', { ...comparableProperties, ...guarantee })
  await rig.createTopics(application.topics.external, partitions)
  const running = await rig.run(application)
  const records = recordsOf(vector)
  // Several inputs are read in the order of their times; where the order of arrival matters, one is sent after the other.
  const isOneTopic = new Set(records.map(({ topic }) => topic)).size === 1
  // Where the run ends early too, so that what came before is committed.
  const atOnce = expected.endsWith === undefined && (isOneTopic || expected.compare === 'final')
  let error: Error | null = null
  try {
    for (const sent of atOnce ? [records] : records.map((record) => [record])) {
      await rig.send(sent)
      await rig.settle(running)
    }
    await running.stop()
  } catch (thrown) {
    error = thrown as Error
  }
  return { written: (await rig.read()).get('out') ?? [], error }
}

const utf8 = new TextDecoder()

function updateOf({ key, value, timestampMs }: ProducedRecord): ModelUpdate {
  const text = value === null ? null : utf8.decode(value)
  return { key: key === null ? 'null' : utf8.decode(key), value: text, ts: timestampMs ?? -1 }
}

function compare(expected: Expectation, actual: readonly ModelUpdate[]): string | null {
  if (expected.compare === 'final') {
    for (const update of actual) {
      const refused = expected.refuse?.(update) ?? null
      if (refused !== null) return refused
    }
  }
  const [wanted, got] =
    expected.compare === 'final'
      ? [new Map([...expected.rows].map(([key, value]) => [key, [value]])), lastValues(actual, expected.gone)]
      : [byKey(expected.updates, expected.compare), byKey(actual, expected.compare)]
  for (const key of new Set([...wanted.keys(), ...got.keys()])) {
    const [want, have] = [wanted.get(key) ?? [], got.get(key) ?? []]
    if (want.length !== have.length || want.some((each, i) => each !== have[i])) {
      return `key ${key}: the model says ${want.join(', ') || 'nothing'}; written was ${have.join(', ') || 'nothing'}`
    }
  }
  return null
}

function byKey(updates: readonly ModelUpdate[], order: 'sequence' | 'bag' | 'last'): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { key, value, ts } of updates) {
    const before = order === 'last' ? [] : (found.get(key) ?? [])
    found.set(key, [...before, `${value}@${ts}`])
  }
  if (order === 'bag') for (const all of found.values()) all.sort()
  return found
}

function lastValues(updates: readonly ModelUpdate[], gone: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const { key, value } of updates) {
    if (value === null || gone.includes(value)) found.delete(key)
    else found.set(key, [value])
  }
  return found
}
