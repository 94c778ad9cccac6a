/**
 * Application with two inputs: records of equal key within five seconds meet. With enough grace the pairs do not depend on
 * the order in which the two are read, so each must be there exactly once.
 */
import { string, StreamsBuilder, topic } from '@millrace/core'
import type { Plan } from '../plan.ts'
import { witnessing, witnessOf } from '../witness.ts'
import type { World } from '../world.ts'
import type { Application } from './application.ts'
import { bytes, records, text } from './text-records.ts'

const left = topic('left', { key: string(), value: string() })
const right = topic('right', { key: string(), value: string() })
const output = topic('output', { key: string(), value: string() })
const withinMs = 500

export const windowedJoin: Application = {
  name: 'windowed-join',
  inputs: ['left', 'right'],
  outputs: ['output'],
  build(instance) {
    const builder = new StreamsBuilder()
    builder
      .stream(left)
      .join(builder.stream(right), (one: string, other: string) => `${one}+${other}`, {
        within: withinMs,
        grace: '1d',
        store: 'pairs',
        key: string(),
        value: string(),
        otherValue: string(),
      })
      .process<string, string>(witnessing(instance))
      .to(output)
    return builder.build()
  },
  make: (plan) => (serial, random, nowMs) => {
    const key = random.between(0, 9)
    return {
      topic: random.chance(0.5) ? 'left' : 'right',
      partition: key % plan.partitions,
      key: bytes(`k${key}`),
      value: bytes(`v${serial}`),
      timestampMs: nowMs - random.between(0, 300),
    }
  },
  check,
}

function check(world: World, plan: Plan): string[] {
  const found: string[] = []
  const made = new Map<string, number>()
  for (const { record, partition } of records(world, 'output', plan)) {
    const pair = text(record.value)
    const times = (made.get(pair) ?? 0) + 1
    made.set(pair, times)
    if (times > 1 && plan.guarantee === 'exactly-once') {
      found.push(`output-${partition} ${record.offset}: duplicate of ${pair}, made by ${witnessOf(record)?.instance}`)
    }
  }
  const rights = records(world, 'right', plan)
  for (const { record: one } of records(world, 'left', plan)) {
    for (const { record: other } of rights) {
      if (text(one.key) !== text(other.key) || Math.abs(one.timestampMs - other.timestampMs) > withinMs) continue
      const pair = `${text(one.value)}+${text(other.value)}`
      if (!made.delete(pair)) found.push(`lost write: ${pair}`)
    }
  }
  for (const pair of made.keys()) found.push(`${pair} should not have met`)
  return found
}
