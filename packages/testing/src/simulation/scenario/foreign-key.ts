/**
 * Application with a join by foreign key: two tables, two topics between them, three stores. In the end each row of the
 * left table must stand in the output with the row of the right table that it refers to.
 *
 * A left join: an inner one answers nothing where there is no partner, and a row that was deleted and written again faster
 * than the answers go round may keep its old result, in Kafka Streams, too.
 *
 * Rows are deleted only where there is no cache. One that comes and goes between two commits never leaves the cache
 * (CachingKeyValueStore passes nothing on when the row was absent before and is absent now), and yet it has been seen: an
 * order that asked for such a customer keeps it; an order that was deleted, written and deleted again has turned away the
 * answer to its first deletion, as one for a row that had changed since, and gets no other. In Kafka Streams, too.
 */
import { string, StreamsBuilder, topic } from '@millrace/core'
import { partitionForKey } from '@millrace/protocol'
import type { Plan } from '../plan.ts'
import { witnessing } from '../witness.ts'
import type { World } from '../world.ts'
import type { Application } from './application.ts'
import { bytes, byKey, text } from './text-records.ts'

const orders = topic('orders', { key: string(), value: string() })
const customers = topic('customers', { key: string(), value: string() })
const output = topic('output', { key: string(), value: string() })

/** An order is `c3:v17`: its customer, and a value of its own. */
const customerOf = (order: string): string => order.split(':')[0] ?? ''

export const foreignKey: Application = {
  name: 'foreign-key',
  inputs: ['orders', 'customers'],
  outputs: ['output'],
  build(instance) {
    const builder = new StreamsBuilder()
    const right = builder.table(customers, { store: 'customers' })
    builder
      .table(orders, { store: 'orders' })
      .leftJoin(right, {
        name: 'by-customer',
        foreignKey: (order) => customerOf(order),
        joiner: (order, customer) => `${order}|${customer ?? 'none'}`,
        store: 'joined',
        key: string(),
        value: string(),
      })
      .toStream()
      .process(witnessing(instance))
      .to(output)
    return builder.build()
  },
  make: (plan) => (serial, random, nowMs) => {
    const isOrder = random.chance(0.6)
    const row = `${isOrder ? 'o' : 'c'}${random.between(0, isOrder ? 9 : 3)}`
    const value = isOrder ? `c${random.between(0, 4)}:v${serial}` : `n${serial}`
    return {
      topic: isOrder ? 'orders' : 'customers',
      // The join finds the other row where Kafka's partitioner puts its key.
      partition: partitionForKey(bytes(row), plan.partitions),
      key: bytes(row),
      value: random.chance(0.15) && plan.cacheBytes === 0 ? null : bytes(value),
      timestampMs: nowMs,
    }
  },
  check,
}

function check(world: World, plan: Plan): string[] {
  const found: string[] = []
  const made = byKey(world, 'output', plan)
  const names = byKey(world, 'customers', plan)
  for (const [key, written] of byKey(world, 'orders', plan)) {
    const order = written.at(-1)?.value ?? null
    const customer = order === null ? null : (names.get(customerOf(text(order)))?.at(-1)?.value ?? null)
    const want = order === null ? 'null' : `${text(order)}|${customer === null ? 'none' : text(customer)}`
    const outputs = made.get(key) ?? []
    const have = text(outputs.at(-1)?.value ?? null)
    // A process that was stopped or cut off may write old results late; only transactions keep them out.
    const isWritten = plan.guarantee === 'at-least-once' && outputs.some(({ value }) => text(value) === want)
    if (have !== want && !isWritten) found.push(`${key} ends as ${have}, expected ${want}`)
    const orderTexts = new Set(written.map(({ value }) => text(value)))
    for (const { value } of outputs) {
      const [left = '', right = ''] = text(value).split('|')
      if (value === null) continue
      const isKnown = right === 'none' || names.get(customerOf(left))?.some((row) => text(row.value) === right) === true
      if (!orderTexts.has(left) || !isKnown) found.push(`${key} was ${text(value)}, which no rows make`)
    }
  }
  return found
}
