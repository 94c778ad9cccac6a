/** `schedule` in code without types: what would never be called is refused where it is asked for. */
import { type ProcessorContext, string, StreamsBuilder, topic } from '@millrace/core'
import { expect, it } from 'vitest'
import { TopologyTestDriver } from '../index.ts'

const texts = topic('texts', { key: string(), value: string() })

function scheduled(type: string, callback: unknown): unknown {
  const builder = new StreamsBuilder()
  builder.stream(texts).process(() => ({
    init: (context: ProcessorContext) => void context.schedule('1m', type as never, callback as never),
    process: () => undefined,
  }))
  using driver = new TopologyTestDriver(builder.build())
  driver.advanceWallClock('1h')
  return 'accepted'
}

it('refuses an unknown type of punctuation, and names the nearest', () => {
  expect(() => scheduled('wall', () => undefined)).toThrow(/schedule type.*"wall".*'wall-clock'/)
})

it('refuses a callback that is no function', () => {
  expect(() => scheduled('wall-clock', null)).toThrow(/schedule takes a synchronous function, not null/)
})

it('takes both types', () => {
  expect(scheduled('wall-clock', () => undefined)).toBe('accepted')
  expect(scheduled('stream-time', () => undefined)).toBe('accepted')
})
