/**
 * Application with a table whose changelog is its source topic: nothing is written to a changelog, and the position of the
 * state is that of the input. Each row that is written comes out once, in order.
 */
import { string, StreamsBuilder, topic } from '@millrace/core'
import type { Plan } from '../plan.ts'
import { witnessing } from '../witness.ts'
import type { World } from '../world.ts'
import type { Application } from './application.ts'
import { bytes, byKey, text } from './text-records.ts'

const input = topic('input', { key: string(), value: string() })
const output = topic('output', { key: string(), value: string() })

export const table: Application = {
  name: 'table',
  inputs: ['input'],
  outputs: ['output'],
  build(instance) {
    const builder = new StreamsBuilder({ topologyOptimization: 'all' })
    builder.table(input, { store: 'rows' }).toStream().process(witnessing(instance)).to(output)
    return builder.build()
  },
  make: (plan) => (serial, random, nowMs) => {
    const key = random.between(0, 5)
    return {
      topic: 'input',
      partition: key % plan.partitions,
      key: bytes(`k${key}`),
      // Now and then a row is deleted.
      value: serial % 7 === 0 ? null : bytes(`v${serial}`),
      timestampMs: nowMs,
    }
  },
  check,
}

/** Without a cache each update comes out; with one, some may be passed over, but never the last. */
function check(world: World, plan: Plan): string[] {
  const found: string[] = []
  const made = byKey(world, 'output', plan)
  for (const [key, written] of byKey(world, 'input', plan)) {
    const want = written.map(({ value }) => text(value))
    const have = (made.get(key) ?? []).map(({ value }) => text(value))
    if (plan.guarantee === 'exactly-once') found.push(...compared(key, { want, have, all: plan.cacheBytes === 0 }))
    else if (!have.includes(want.at(-1) ?? '') && want.at(-1) !== 'null')
      found.push(`lost write: ${key} never is ${want.at(-1)}`)
  }
  return found
}

function compared(key: string, of: { want: readonly string[]; have: readonly string[]; all: boolean }): string[] {
  const { want, have, all } = of
  let next = 0
  for (const [i, value] of have.entries()) {
    const at = all ? (want[next] === value ? next : -1) : want.indexOf(value, next)
    if (at < 0) return [`output ${i} of ${key} is ${value} after ${have[i - 1] ?? 'nothing'}`]
    next = at + 1
  }
  const isEnd = all ? next === want.length : (have.at(-1) ?? 'null') === (want.at(-1) ?? 'null')
  return isEnd ? [] : [`lost write: ${key} ends as ${have.at(-1) ?? 'nothing'}, ${want.at(-1)} was written last`]
}
