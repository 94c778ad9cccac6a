/**
 * Application with results that come once: counts per window, held back until the window closes. A window has exactly one
 * result, with all that came in time, and none before its time.
 *
 * Event time runs twenty times as fast as the clock, so that windows close during a run.
 */
import { int64, string, StreamsBuilder, topic, tumbling } from '@millrace/core'
import type { Plan } from '../plan.ts'
import { witnessing, witnessOf } from '../witness.ts'
import { epochMs } from '../virtual-process.ts'
import type { World } from '../world.ts'
import type { Application } from './application.ts'
import { bytes, long, records, text } from './text-records.ts'

const input = topic('input', { key: string(), value: string() })
const output = topic('output', { key: string(), value: int64() })
const windowMs = 5_000
const graceMs = 20_000
const haste = 20

export const finalCounts: Application = {
  name: 'final-counts',
  inputs: ['input'],
  outputs: ['output'],
  build(instance) {
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .groupByKey()
      .windowedBy(tumbling(windowMs, { grace: graceMs }))
      .count({ store: 'counts', key: string() })
      .suppress({ until: 'window-close' })
      .toStream()
      .map((count, { key, window }) => [`${key}@${window.startMs}`, count])
      .process<string, number>(witnessing(instance))
      .to(output)
    return builder.build()
  },
  make: (plan) => (serial, random, nowMs) => {
    const key = random.between(0, 3)
    return {
      topic: 'input',
      partition: key % plan.partitions,
      key: bytes(`k${key}`),
      value: bytes(`v${serial}`),
      timestampMs: epochMs + (nowMs - epochMs) * haste - random.between(0, 3_000),
    }
  },
  expires: true,
  check,
}

interface Window {
  count: number
  closed: boolean
  /** A record came after the window had closed: counted or not, as the tasks have known the time since their start. */
  late: boolean
}

function check(world: World, plan: Plan): string[] {
  const found: string[] = []
  const windows = windowsOf(world, plan)
  const made = new Map<string, number>()
  for (const { record, partition } of records(world, 'output', plan)) {
    const name = text(record.key)
    const window = windows.get(name)
    const where = `output-${partition} ${record.offset}: ${name}, made by ${witnessOf(record)?.instance},`
    const isAgain = made.has(name)
    made.set(name, long(record.value))
    if (window?.late === true) continue
    if (window?.closed !== true) found.push(`${where} has a result before its time`)
    else if (plan.guarantee === 'exactly-once') {
      if (isAgain) found.push(`${where} has a second result`)
      if (long(record.value) !== window.count) found.push(`${where} is ${long(record.value)}, expected ${window.count}`)
    }
  }
  for (const [name, { closed, late }] of windows) {
    if (closed && !late && !made.has(name)) found.push(`lost write: ${name} has closed without a result`)
  }
  return found
}

function windowsOf(world: World, plan: Plan): Map<string, Window> {
  const windows = new Map<string, Window>()
  const ends = new Map<number, [endMs: number, window: Window][]>()
  const streamMs = new Map<number, number>()
  for (const { record, partition } of records(world, 'input', plan)) {
    const nowMs = Math.max(streamMs.get(partition) ?? 0, record.timestampMs)
    streamMs.set(partition, nowMs)
    const startMs = Math.floor(record.timestampMs / windowMs) * windowMs
    const name = `${text(record.key)}@${startMs}`
    let window = windows.get(name)
    if (window === undefined) {
      window = { count: 0, closed: false, late: false }
      windows.set(name, window)
      ends.set(partition, [...(ends.get(partition) ?? []), [startMs + windowMs, window]])
    }
    if (startMs + windowMs + graceMs <= nowMs) window.late = true
    else window.count++
  }
  for (const [partition, all] of ends) {
    for (const [endMs, window] of all) window.closed = endMs + graceMs <= (streamMs.get(partition) ?? 0)
  }
  return windows
}
