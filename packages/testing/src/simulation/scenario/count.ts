/**
 * Application with state: counts by a new key, over a repartition topic, into a store with a changelog.
 *
 * Inputs are followed through the repartition topic; each partition of it is folded in the order in which it was written,
 * and every result must be the one of its place.
 */
import { int64, string, StreamsBuilder, topic } from '@millrace/core'
import { committedLog } from '../committed-log.ts'
import type { Plan } from '../plan.ts'
import { witnessing, witnessOf } from '../witness.ts'
import type { World } from '../world.ts'
import { type Application, applicationId } from './application.ts'
import { long, numbered, records, text } from './text-records.ts'

const input = topic('input', { key: string(), value: string() })
const output = topic('output', { key: string(), value: int64() })
const repartition = 'by-word-repartition'
const changelog = `${applicationId}-counts-changelog`

const wordOf = (value: string): string => `w${Number(value.slice(1)) % 7}`

export const count: Application = {
  name: 'count',
  inputs: ['input'],
  outputs: ['output'],
  build(instance) {
    const builder = new StreamsBuilder()
    builder
      .stream(input)
      .selectKey((value) => wordOf(value))
      .process<string, string>(witnessing(instance))
      .groupByKey({ name: 'by-word', key: string(), value: string() })
      .count({ store: 'counts', key: string() })
      .toStream()
      .process<string, number>(witnessing(instance))
      .to(output)
    return builder.build()
  },
  make: numbered,
  check: (world, plan) => [
    ...checkRepartition(world, plan),
    ...checkCounts(world, plan, { topic: 'output', all: plan.cacheBytes === 0 }),
    // Compaction leaves the last count of each word for certain, and no other.
    ...checkCounts(world, plan, { topic: changelog, all: plan.cacheBytes === 0 && (plan.upkeep ?? null) === null }),
  ],
}

/** Every input is in the repartition topic once, unless it was purged after use. */
function checkRepartition(world: World, plan: Plan): string[] {
  const found: string[] = []
  const between = `${applicationId}-${repartition}`
  const { state } = world.cluster
  const isPurged = Array.from({ length: plan.partitions }, (_, p) => committedLog(state, between, p)).some(
    (log) => log !== undefined && log.startOffset > 0,
  )
  const seen = new Map<string, number>()
  for (const { record } of records(world, between, plan)) {
    const said = witnessOf(record)
    const name = `${said?.input.partition}/${said?.input.offset}`
    seen.set(name, (seen.get(name) ?? 0) + 1)
    if ((seen.get(name) ?? 0) > 1 && plan.guarantee === 'exactly-once')
      found.push(`repartition: duplicate of input ${name} by ${said?.instance}`)
  }
  if (isPurged || plan.purgeIntervalMs < 60_000) return found
  for (const { record, partition } of records(world, 'input', plan)) {
    if (!seen.has(`${partition}/${record.offset}`))
      found.push(`repartition: lost write of input ${partition}/${record.offset}`)
  }
  return found
}

/** Results count up by one from 1 to the number of inputs; with a cache, steps may be missing but never the last. */
function checkCounts(world: World, plan: Plan, of: { readonly topic: string; readonly all: boolean }): string[] {
  const found: string[] = []
  const expected = new Map<string, number>()
  for (const { record } of records(world, 'input', plan)) {
    const word = wordOf(text(record.value))
    expected.set(word, (expected.get(word) ?? 0) + 1)
  }
  const last = new Map<string, number>()
  for (const { record, partition } of records(world, of.topic, plan)) {
    const word = text(record.key)
    const value = long(record.value)
    const before = last.get(word) ?? 0
    // A process that was stopped may write old results late; only transactions keep them out.
    last.set(word, plan.guarantee === 'at-least-once' ? Math.max(before, value) : value)
    if (plan.guarantee === 'at-least-once') continue
    const isNext = of.all ? value === before + 1 : value > before
    if (!isNext) {
      const said = witnessOf(record)
      found.push(
        `${of.topic}-${partition} ${record.offset}: ${word} is ${value} after ${before}, made by ${said?.instance}`,
      )
    }
  }
  for (const [word, total] of expected) {
    const value = last.get(word) ?? 0
    const isRight = plan.guarantee === 'exactly-once' ? value === total : value >= total
    if (!isRight) found.push(`${of.topic}: ${word} ends with ${value}, ${total} were written`)
  }
  return found
}
