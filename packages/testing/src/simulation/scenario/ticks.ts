/**
 * Application that writes without being given anything: every task counts ticks of the wall clock in a store and writes
 * each. Nobody but the group can tell a process that was stopped for too long that its ticks are no longer wanted.
 */
import {
  int64,
  type KeyValueStore,
  keyValueStore,
  type Processor,
  type ProcessorContext,
  record,
  string,
  StreamsBuilder,
  topic,
} from '@millrace/core'
import type { Plan } from '../plan.ts'
import { witnessing, witnessOf } from '../witness.ts'
import type { World } from '../world.ts'
import type { Application } from './application.ts'
import { bytes, long, records, text } from './text-records.ts'

const input = topic('input', { key: string(), value: string() })
const output = topic('output', { key: string(), value: int64() })
const ticksMax = 30
const everyMs = 150

export const ticks: Application = {
  name: 'ticks',
  inputs: ['input'],
  outputs: ['output'],
  build(instance) {
    const builder = new StreamsBuilder()
    builder.addStateStore(keyValueStore('ticks', { key: string(), value: int64() }))
    builder
      .stream(input)
      .process<string, number>(() => ticking(), { stores: ['ticks'] })
      .process<string, number>(witnessing(instance))
      .to(output)
    return builder.build()
  },
  make: (plan) => (serial, random, nowMs) => ({
    topic: 'input',
    partition: random.between(0, plan.partitions - 1),
    key: bytes('k'),
    value: bytes(`v${serial}`),
    timestampMs: nowMs,
  }),
  isDone: (world, plan) => {
    const last = new Map<string, number>()
    for (const { record: one } of records(world, 'output', plan)) {
      // The late tick of a process that was stopped may stand behind; only transactions keep it out.
      last.set(text(one.key), Math.max(long(one.value), last.get(text(one.key)) ?? 0))
    }
    return last.size === plan.partitions && [...last.values()].every((value) => value >= ticksMax)
  },
  check,
}

function ticking(): Processor<string, string, string, number> {
  return {
    init(context: ProcessorContext<string, number>) {
      const store = context.getStateStore<KeyValueStore<string, number>>('ticks')
      context.schedule(everyMs, 'wall-clock', (nowMs) => {
        const count = (store.get('count') ?? 0) + 1
        if (count > ticksMax) return
        store.put('count', count)
        context.forward(record(context.taskId, count, nowMs, []))
      })
    },
    process() {
      // Input only moves the position.
    },
  }
}

/** Each task's ticks are 1, 2, 3 …, each once. */
function check(world: World, plan: Plan): string[] {
  const found: string[] = []
  const last = new Map<string, number>()
  for (const { record: one, partition } of records(world, 'output', plan)) {
    const task = text(one.key)
    const count = long(one.value)
    const before = last.get(task) ?? 0
    last.set(task, Math.max(before, count))
    if (plan.guarantee === 'exactly-once' && count !== before + 1) {
      const by = witnessOf(one)?.instance
      found.push(`output-${partition} ${one.offset}: tick ${count} of task ${task} after ${before}, made by ${by}`)
    }
  }
  return found
}
