/** Foreign-key joins: the instructions for each change of a left row, and both sides wired together. */
import { describe, expect, it } from 'vitest'
import { FakeTask } from '../../test-support/fake-task.ts'
import { FakeSubscriptions, FakeTable } from '../../test-support/fake-stores.ts'
import { change } from '../record/change.ts'
import type { Subscription } from '../serde/envelope/foreign-key.ts'
import { string } from '../serde/string.ts'
import type { ValueAndTimestamp } from '../store/store.ts'
import { answerSubscribers, answerSubscription } from './foreign-key-join.ts'
import {
  type ForeignKeyResponse,
  foreignKeyResponsePartition,
  foreignKeyResponseSerde,
  subscriptionSerde,
  type SubscriptionKey,
} from './foreign-key-messages.ts'
import { receiveSubscriptions } from './foreign-key-receive.ts'
import { resolveResponses } from './foreign-key-resolve.ts'
import { sendSubscriptions } from './foreign-key-send.ts'
import { storedTable } from './table-value-getter.ts'

type Feed = (key: unknown, value: unknown, timestampMs: number) => void
const none = { key: null, value: null }
const serdes = { key: string(), foreignKey: string(), subscriptionTopic: 'reg' }
const short: Readonly<Record<string, string>> = {
  'delete-key-no-propagate': 'forget',
  'delete-key-and-propagate': 'forget+null',
  'propagate-null-if-no-fk-val-available': 'ask',
  'propagate-only-if-fk-val-available': 'ask-if-there',
}
/** `fk,text` → fk, null when empty. */
const extractor = (value: string): string | null => value.split(',')[0] || null

function sent(left: boolean, from: string | null, to: string | null): [string[], number] {
  const task = new FakeTask()
  const supplier = sendSubscriptions<string, string, string>({ ...serdes, value: string(), extractor, left })
  ;(task.node(supplier.create(none)) as Feed)('k', change(to, from), 3)
  const lines = task.forwarded.map(({ key, value }) => `${key}:${short[(value as Subscription).instruction]}`)
  return [lines, task.dropped.length]
}

describe('the sending side of a foreign-key join', () => {
  it.each([
    ['new', null, 'a,1', ['a:ask-if-there'], 0, ['a:ask']],
    ['new with a null key', null, ',1', [], 1, ['null:ask']],
    ['same key', 'a,1', 'a,2', ['a:ask-if-there'], 0, ['a:ask']],
    ['other key', 'a,1', 'b,1', ['a:forget', 'b:ask'], 0, ['a:forget', 'b:ask']],
    ['key becomes null', 'a,1', ',1', ['a:forget+null'], 1, ['a:forget', 'null:ask']],
    ['key was null', ',1', 'a,1', ['a:ask-if-there'], 0, ['a:ask']],
    ['deleted', 'a,1', null, ['a:forget+null'], 0, ['a:forget', 'null:ask']],
    ['deleted, key was null', ',1', null, [], 0, ['null:ask']],
    ['never there', null, null, [], 0, []],
  ] as const)('%s', (_what, from, to, inner, dropped, left) => {
    expect(sent(false, from, to)).toEqual([[...inner], dropped])
    expect(sent(true, from, to)).toEqual([[...left], 0])
  })

  it('carries the partition of the task and a hash of the new value', () => {
    const task = new FakeTask()
    const supplier = sendSubscriptions<string, string, string>({ ...serdes, value: string(), extractor, left: false })
    const input = task.node(supplier.create(none)) as Feed
    input('k', change('a,1', null), 3)
    input('k', change(null, 'a,1'), 4)
    const [asked, forgot] = task.forwarded.map(({ value }) => value as Subscription)
    expect(asked).toMatchObject({ version: 1, primaryPartition: 2, primaryKey: new TextEncoder().encode('k') })
    expect(asked?.hash).toHaveLength(16)
    expect(forgot?.hash).toBeNull()
  })

  it('says which serde is missing when there is neither one nor a default', () => {
    const supplier = sendSubscriptions<string, string, string>({ ...serdes, value: null, extractor, left: false })
    expect(() => supplier.create(none)).toThrow(expect.objectContaining({ code: 'MR_CONFIG_SERDE' }))
  })

  it('leaves changes of a versioned table out that are not the latest', () => {
    const task = new FakeTask()
    const supplier = sendSubscriptions<string, string, string>({ ...serdes, value: string(), extractor, left: false })
    supplier.useVersionedSemantics = true
    ;(task.node(supplier.create(none)) as Feed)('k', change('a,1', null, false), 3)
    expect([task.forwarded.length, task.dropped.length]).toEqual([0, 1])
  })
})

/** Both sides in one task; topics in between are queues that the serdes pass through. `taken` gives the results. */
function join(left: boolean): { left: Feed; right: Feed; taken: () => string[] } {
  const results: string[] = []
  const rows = { left: new FakeTable<string>('left'), right: new FakeTable<string>('right') }
  const task = new FakeTask(rows.left, rows.right, new FakeSubscriptions<ValueAndTimestamp<Subscription>>('subs'))
  const responseSerde = foreignKeyResponseSerde(string())
  const receive = receiveSubscriptions<string, string>({ ...serdes, store: 'subs' })(none)
  const answer = answerSubscription<string, string, string>(storedTable('right'))()
  const answerAll = answerSubscribers<string, string, string>({ ...serdes, store: 'subs' }).create(none)
  const joiner = (one: string, two: string | null): string => `${one}|${two}`
  const resolving = {
    table: storedTable<string, string>('left'),
    value: string(),
    subscriptionTopic: 'reg',
    joiner,
    left,
  }
  const resolve = resolveResponses<string, string, string, string>(resolving)(none)
  const send = sendSubscriptions<string, string, string>({ ...serdes, value: string(), extractor, left }).create(none)
  const nodes = [receive, answer, answerAll, resolve, send].map((each) => task.node(each as never) as unknown as Feed)
  const [toReceive, toAnswer, toAnswerAll, toResolve, toSend] = nodes as [Feed, Feed, Feed, Feed, Feed]
  const respond = (): void => {
    for (const { key, value, timestampMs } of task.forwarded.splice(0)) {
      expect(foreignKeyResponsePartition('t', key, value as ForeignKeyResponse<string>)).toBe(2)
      toResolve(
        key,
        responseSerde.deserialize(responseSerde.serialize(value as ForeignKeyResponse<string>)),
        timestampMs,
      )
      results.push(...task.taken())
    }
  }
  const put = (table: FakeTable<string>, key: unknown, value: unknown, timestampMs: number): string | null => {
    const old = table.get(key as string)?.value ?? null
    table.put(key as string, value === null ? null : { value: value as string, timestampMs })
    return old
  }
  return {
    taken: () => results.splice(0),
    left: (key, value, timestampMs) => {
      const old = put(rows.left, key, value, timestampMs)
      toSend(key, change(value as string | null, old), timestampMs)
      for (const { key: foreignKey, value: subscription, timestampMs: time } of task.forwarded.splice(0)) {
        const bytes = subscriptionSerde.serialize(subscription as Subscription)
        toReceive(foreignKey, subscriptionSerde.deserialize(bytes), time)
      }
      for (const each of task.forwarded.splice(0))
        toAnswer(each.key as SubscriptionKey<string, string>, each.value, each.timestampMs)
      respond()
    },
    right: (key, value, timestampMs) => {
      const old = put(rows.right, key, value, timestampMs)
      toAnswerAll(key, change(value as string | null, old), timestampMs)
      respond()
    },
  }
}

describe('a foreign-key join', () => {
  it('inner: gives results for changes of both sides and deletes those that end', () => {
    const { left, right, taken } = join(false)
    left('k1', 'a,1', 1)
    left('k2', 'a,2', 2)
    expect(taken()).toEqual([])
    right('a', 'A', 10)
    expect(taken()).toEqual(['k1=a,1|A@10', 'k2=a,2|A@10'])
    left('k1', 'a,9', 3)
    expect(taken()).toEqual(['k1=a,9|A@10'])
    left('k1', 'b,9', 4)
    expect(taken()).toEqual(['k1=null@4'])
    right('b', 'B', 11)
    right('a', null, 12)
    expect(taken()).toEqual(['k1=b,9|B@11', 'k2=null@12'])
    left('k1', null, 13)
    expect(taken()).toEqual(['k1=null@13'])
    right('b', 'C', 14)
    expect(taken()).toEqual([])
  })

  it('left: gives null for a missing right row and for a null key', () => {
    const { left, right, taken } = join(true)
    left('k', 'a,1', 1)
    left('n', ',1', 2)
    expect(taken()).toEqual(['k=a,1|null@1', 'n=,1|null@2'])
    right('a', 'A', 5)
    right('a', null, 6)
    expect(taken()).toEqual(['k=a,1|A@5', 'k=a,1|null@6'])
    left('k', null, 7)
    expect(taken()).toEqual(['k=null@7'])
  })

  it('drops and counts an answer that a newer left row has overtaken', () => {
    const rows = new FakeTable<string>('left')
    rows.put('k', { value: 'a,2', timestampMs: 3 })
    const other = new FakeTask(rows)
    const joiner = (one: string, two: string | null): string => `${one}|${two}`
    const options = {
      table: storedTable<string, string>('left'),
      value: string(),
      subscriptionTopic: 'reg',
      left: false,
    }
    const resolve = other.node(resolveResponses<string, string, string, string>({ ...options, joiner })(none)) as Feed
    resolve('k', { hash: new Uint8Array(16), foreignValue: 'A', primaryPartition: null }, 4)
    expect([other.taken(), other.dropped.length]).toEqual([[], 1])
  })
})
