/** Application without state: drops some records, makes two of others; an output for each is in its place exactly once. */
import { string, StreamsBuilder, topic } from '@millrace/core'
import { committedLog } from '../committed-log.ts'
import type { Plan } from '../plan.ts'
import { witnessing, witnessOf } from '../witness.ts'
import type { World } from '../world.ts'
import type { Application } from './application.ts'
import { numbered, records, text } from './text-records.ts'

const input = topic('input', { key: string(), value: string() })
const output = topic('output', { key: string(), value: string() })

/** What becomes of one value. */
function derived(value: string): string[] {
  const serial = Number(value.slice(1))
  if (serial % 5 === 0) return []
  return serial % 3 === 0 ? [`${value}!`, `${value}?`] : [`${value}!`]
}

export const stateless: Application = {
  name: 'stateless',
  inputs: ['input'],
  outputs: ['output'],
  build(instance) {
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .flatMapValues((value) => derived(value))
      .process<string, string>(witnessing(instance))
      .to(output)
    return builder.build()
  },
  make: numbered,
  check,
}

function check(world: World, plan: Plan): string[] {
  const found: string[] = []
  const seen = new Map<string, { count: number; value: string }>()
  for (const { record, partition } of records(world, 'output', plan)) {
    const said = witnessOf(record)
    const name = `${said?.input.partition}/${said?.input.offset}/${said?.index}`
    const before = seen.get(name)
    seen.set(name, { count: (before?.count ?? 0) + 1, value: text(record.value) })
    if (before !== undefined && plan.guarantee === 'exactly-once') {
      found.push(`output-${partition} ${record.offset}: duplicate of input ${name}, made by ${said?.instance}`)
    }
  }
  for (const { record, partition } of records(world, 'input', plan)) {
    for (const [index, value] of derived(text(record.value)).entries()) {
      const name = `${partition}/${record.offset}/${index}`
      const made = seen.get(name)
      seen.delete(name)
      if (made === undefined) found.push(`lost write: output ${index} of input ${partition}/${record.offset}`)
      else if (made.value !== value) found.push(`input ${name}: ${made.value}, expected ${value}`)
    }
  }
  for (const name of seen.keys()) found.push(`output of input ${name}, which is not in the committed input`)
  return [...found, ...outOfOrder(world, plan)]
}

/** Outputs of one input partition are in its order, in each output partition. */
function outOfOrder(world: World, plan: Plan): string[] {
  if (plan.guarantee !== 'exactly-once') return []
  const found: string[] = []
  for (let p = 0; p < plan.partitions; p++) {
    const last = new Map<number, number>()
    for (const record of committedLog(world.cluster.state, 'output', p)?.records ?? []) {
      const from = witnessOf(record)?.input
      if (from === undefined) continue
      if ((last.get(from.partition) ?? -1) > from.offset) {
        found.push(`output-${p} ${record.offset}: input ${from.partition}/${from.offset} after a later one`)
      }
      last.set(from.partition, from.offset)
    }
  }
  return found
}
