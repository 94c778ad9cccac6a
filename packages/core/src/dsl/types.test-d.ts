/** Wrong uses of the public face, as the compiler sees them; `types.test.ts` compares the messages. */
import { StreamsBuilder, int64, json, string, topic, tumbling } from '../index.ts'

interface Order {
  id: string
  amount: number
}

const builder = new StreamsBuilder()
const orders = builder.stream(topic('orders', { key: string(), value: json<Order>() }))
const byNumber = builder.table(topic('by-number', { key: int64(), value: string() }))
const grouped = orders.groupByKey()

// @ts-expect-error the value lacks the field `user`
orders.to(topic('out', { key: string(), value: json<Order & { user: string }>() }))
// @ts-expect-error the keys are a string and a number
orders.join(byNumber, (order) => order)
// @ts-expect-error callbacks are synchronous
orders.mapValues(async (order) => order.amount)
// @ts-expect-error windows are made by functions
grouped.windowedBy('5 minutes')
// @ts-expect-error the aggregate is a number
grouped.aggregate({ init: () => 0, add: (total) => String(total) })
// @ts-expect-error only windowed keys have a window
orders.mapValues((_order, key) => key.window)
// @ts-expect-error there are no windows that could close
grouped.count().suppress({ until: 'window-close' })

orders.mapValues((order) => order.amount).to(topic('amounts', { key: string(), value: int64() }))
grouped
  .windowedBy(tumbling('5m'))
  .count()
  .toStream()
  .mapValues((n, { key, window }) => `${key}@${window.startMs}: ${n}`)
