/**
 * Application of three parts behind one another: words are counted, and the updates of the counts are counted again by the
 * first letter of what they say. Without a cache there is one update for each input; with one there are fewer, which the
 * topic between the parts tells.
 */
import { int64, string, StreamsBuilder, topic } from '@millrace/core'
import type { Plan } from '../plan.ts'
import { witnessing } from '../witness.ts'
import type { World } from '../world.ts'
import { type Application, applicationId } from './application.ts'
import { byKey, long, numbered, records, text } from './text-records.ts'

const input = topic('input', { key: string(), value: string() })
const output = topic('output', { key: string(), value: int64() })
const between = `${applicationId}-by-parity-repartition`

export const chain: Application = {
  name: 'chain',
  inputs: ['input'],
  outputs: ['output'],
  build(instance) {
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .selectKey((value) => `w${Number(value.slice(1)) % 5}`)
      .groupByKey({ name: 'by-word', key: string(), value: string() })
      .count({ store: 'first', key: string() })
      .toStream()
      .process<string, number>(witnessing(instance))
      .selectKey((_, word): string => (Number(word.slice(1)) % 2 === 0 ? 'even' : 'odd'))
      .groupByKey({ name: 'by-parity', key: string(), value: int64() })
      .count({ store: 'second', key: string() })
      .toStream()
      .process<string, number>(witnessing(instance))
      .to(output)
    return builder.build()
  },
  make: numbered,
  check,
}

function check(world: World, plan: Plan): string[] {
  const found: string[] = []
  const isExact = plan.guarantee === 'exactly-once'
  const all = plan.cacheBytes === 0
  const isPurged = plan.purgeIntervalMs < 60_000
  let counted = 0
  for (const [parity, updates] of byKey(world, 'output', plan)) {
    let before = 0
    for (const { value } of updates) {
      const count = long(value)
      const isNext = all ? count === before + 1 : count > before
      if (isExact && !isNext) found.push(`${parity} is ${count} after ${before}`)
      before = isExact ? count : Math.max(before, count)
    }
    counted += before
  }
  const inputs = records(world, 'input', plan).length
  const updates = isPurged ? null : records(world, between, plan).length
  const least = all ? inputs : (updates ?? 0)
  const most = isExact ? (all ? inputs : (updates ?? inputs)) : Infinity
  if (counted < least || counted > most) {
    found.push(`${counted} updates were counted in the end, of ${updates ?? 'purged'} that ${inputs} inputs made`)
  }
  const words = new Set(records(world, 'input', plan).map(({ record }) => Number(text(record.value).slice(1)) % 5))
  if (counted < words.size) found.push(`lost write: ${words.size} words were written, ${counted} updates counted`)
  return found
}
