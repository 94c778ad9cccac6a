/**
 * Application with a global table: each record meets what its instance knows of the table at that moment. Which row that is
 * depends on the instance; that each record comes out once, with a row that was there, does not.
 */
import { string, StreamsBuilder, topic } from '@millrace/core'
import type { Plan } from '../plan.ts'
import { witnessing, witnessOf } from '../witness.ts'
import type { World } from '../world.ts'
import type { Application } from './application.ts'
import { bytes, byKey, records, text } from './text-records.ts'

const input = topic('input', { key: string(), value: string() })
const rates = topic('rates', { key: string(), value: string() })
const output = topic('output', { key: string(), value: string() })

const rateOf = (value: string): string => `r${Number(value.slice(1)) % 4}`

export const global: Application = {
  name: 'global',
  inputs: ['input', 'rates'],
  outputs: ['output'],
  build(instance) {
    const builder = new StreamsBuilder()
    const table = builder.globalTable(rates, { store: 'rates' })
    builder
      .stream(input)
      .leftJoin(table, (value: string, rate: string | null) => `${value}|${rate ?? 'none'}`, {
        key: (value: string) => rateOf(value),
      })
      .process<string, string>(witnessing(instance))
      .to(output)
    return builder.build()
  },
  make: (plan) => (serial, random, nowMs) => {
    const isRate = random.chance(0.2)
    const row = random.between(0, 3)
    return {
      topic: isRate ? 'rates' : 'input',
      partition: isRate ? row % plan.partitions : random.between(0, plan.partitions - 1),
      key: bytes(isRate ? `r${row}` : 'k'),
      value: bytes(`${isRate ? 'n' : 'v'}${serial}`),
      timestampMs: nowMs,
    }
  },
  check,
}

function check(world: World, plan: Plan): string[] {
  const found: string[] = []
  const rows = byKey(world, 'rates', plan)
  const made = new Set<string>()
  for (const { record, partition } of records(world, 'output', plan)) {
    const [value = '', rate = ''] = text(record.value).split('|')
    const where = `output-${partition} ${record.offset}: ${text(record.value)}, made by ${witnessOf(record)?.instance},`
    if (made.has(value) && plan.guarantee === 'exactly-once') found.push(`${where} is a duplicate`)
    made.add(value)
    const isKnown = rate === 'none' || rows.get(rateOf(value))?.some((row) => text(row.value) === rate) === true
    if (!isKnown) found.push(`${where} has a row that was never committed`)
  }
  for (const { record, partition } of records(world, 'input', plan)) {
    if (!made.delete(text(record.value))) found.push(`lost write: input ${partition}/${record.offset}`)
  }
  for (const value of made) found.push(`output of ${value}, which is not in the committed input`)
  return found
}
