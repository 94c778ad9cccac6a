/** Goal: what the vectors of the test driver cannot show: several partitions, offsets, batches, handlers as functions. */
import {
  type Headers,
  int64,
  noHeaders,
  nullable,
  type Processor,
  type ProcessorContext,
  record,
  type Serde,
  type StreamRecord,
  string,
  topic,
  Topology,
  TransactionAbortedError,
} from '@millrace/core'
import { decodeCommitMetadata, memoryEngine } from '@millrace/core/internal'
import { silentLogger } from '@millrace/core/port'
import { describe, expect, it } from 'vitest'
import { defaultHandlers, type RecordHandlers } from '../handler/handlers.ts'
import type { RawRecords, TaskSettings } from './ports.ts'
import { Task } from './task.ts'
import { TaskCounters } from './task-counters.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (data: Uint8Array | null): string | null => (data === null ? null : new TextDecoder().decode(data))
type Row = readonly [key: string | null, value: string | null, timestampMs: number]

/** A fetched batch of rows from this offset on. */
function batch(firstOffset: number, rows: readonly Row[], nextOffset = firstOffset + rows.length): RawRecords {
  const part = (value: string | null | undefined): Uint8Array | null =>
    value === null || value === undefined ? null : bytes(value)
  return {
    count: rows.length,
    nextOffset,
    offsetAt: (i) => firstOffset + i,
    timestampAt: (i) => rows[i]?.[2] ?? -1,
    keyAt: (i) => part(rows[i]?.[0]),
    valueAt: (i) => part(rows[i]?.[1]),
    headersAt: () => noHeaders,
  }
}

class Each implements Processor {
  private context: ProcessorContext | null = null
  private readonly action: (one: StreamRecord<unknown, unknown>, context: ProcessorContext) => void

  constructor(action: (one: StreamRecord<unknown, unknown>, context: ProcessorContext) => void) {
    this.action = action
  }

  init(context: ProcessorContext): void {
    this.context = context
  }

  process(one: StreamRecord<unknown, unknown>): void {
    this.action(one, this.context as ProcessorContext)
  }
}

interface Sent {
  readonly topic: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: Headers
}

interface Rig {
  readonly task: Task
  readonly sent: Sent[]
  readonly counters: TaskCounters
  readonly clock: { nowMs(): number; now: number }
}

interface RigOptions {
  readonly handlers?: Partial<RecordHandlers>
  readonly settings?: Partial<TaskSettings>
  readonly action?: (one: StreamRecord<unknown, unknown>, context: ProcessorContext) => void
  readonly value?: Serde<unknown>
}

async function rig(options: RigOptions = {}): Promise<Rig> {
  const input = topic('in', { key: nullable(string()), value: options.value ?? nullable(string()) })
  const topology = new Topology()
    .addSource('source', input)
    .addProcessor('each', () => new Each(options.action ?? ((one, context) => context.forward(one))), 'source')
    .addSink('sink', topic('out', { key: string(), value: string() }), 'each')
  const sent: Sent[] = []
  const counters = new TaskCounters()
  const clock = { now: 1_000, nowMs: () => clock.now }
  const settings: TaskSettings = {
    cacheBytesMax: 0,
    serdes: { key: null, value: null },
    timestampExtractor: 'fail',
    deadLetterTopic: null,
    processingHandlerGlobal: false,
    config: () => undefined,
    ...options.settings,
  }
  const task = await Task.open({
    topology: topology.build(),
    subTopology: 0,
    id: { subTopology: 0, partition: 0 },
    applicationId: 'app',
    engine: memoryEngine('test'),
    memoryEngine: memoryEngine('test-memory'),
    collector: {
      send: (name, _partition, key, value, _timestampMs, headers) =>
        void sent.push({ topic: name, key: text(key), value: text(value), headers }),
      sendWhenKnown: () => undefined,
      partitionFor: () => 0,
      partitionCount: () => 1,
    },
    clock,
    settings,
    handlers: { ...defaultHandlers, ...options.handlers },
    logger: silentLogger,
    metrics: counters,
  })
  return { task, sent, counters, clock }
}

const values = (sent: readonly Sent[]): (string | null)[] => sent.map((one) => one.value)

describe('Task', () => {
  it('takes the record with the smallest timestamp, and stops when an input runs empty: more of it may be older', async () => {
    const { task, sent } = await rig()
    task.enqueue(
      'in',
      0,
      batch(0, [
        ['a', '1', 10],
        ['a', '2', 30],
      ]),
    )
    task.enqueue(
      'in',
      1,
      batch(0, [
        ['b', '3', 5],
        ['b', '4', 20],
        ['b', '5', 40],
      ]),
    )
    expect(task.process(10)).toBe(4)
    task.enqueue('in', 0, batch(2, [['a', '6', 35]]))
    expect([task.process(10), task.process(10), task.process(10)]).toEqual([1, 1, 0])
    expect(values(sent)).toEqual(['3', '1', '4', '2', '6', '5'])
    expect(task.streamTimeMs).toBe(40)
  })

  it('stops after the given number of records and keeps the rest buffered', async () => {
    const { task } = await rig()
    task.enqueue(
      'in',
      0,
      batch(0, [
        ['a', '1', 1],
        ['a', '2', 2],
        ['a', '3', 3],
      ]),
    )
    expect(task.process(2)).toBe(2)
    expect(task.buffered('in', 0)).toBe(1)
  })

  it('commits the offset of the head, and behind the end of a batch what was left out of it', async () => {
    const { task } = await rig()
    task.enqueue(
      'in',
      0,
      batch(
        7,
        [
          ['a', '1', 1],
          ['a', '2', 2],
        ],
        12,
      ),
    )
    expect(task.committableOffsets().map((position) => position.offset)).toEqual([7])
    task.process(1)
    expect(task.committableOffsets().map((position) => position.offset)).toEqual([8])
    task.process(1)
    const [position] = task.committableOffsets()
    expect(position?.offset).toBe(12)
    expect(decodeCommitMetadata(position?.metadata ?? '').partitionTimeMs).toBe(2)
    task.committed(task.committableOffsets())
    expect(task.committableOffsets()).toEqual([])
    expect(task.commitNeeded).toBe(false)
  })

  it('gives the extractor the greatest time taken from the partition', async () => {
    const times: number[] = []
    const { task } = await rig({
      settings: {
        timestampExtractor: (_one, partitionTimeMs) => {
          times.push(partitionTimeMs)
          return 3
        },
      },
    })
    task.enqueue(
      'in',
      0,
      batch(0, [
        ['a', '1', 1],
        ['a', '2', 2],
      ]),
    )
    task.process(2)
    expect(times).toEqual([-1, 3])
  })

  it('commits past markers and aborted records, behind which there is nothing', async () => {
    const { task } = await rig({})
    task.start([{ topic: 'in', partition: 0, offset: 7, metadata: '' }])
    task.enqueue('in', 0, batch(7, [], 7))
    expect(task.commitNeeded).toBe(false)
    task.enqueue('in', 0, batch(7, [], 9))
    expect(task.commitNeeded).toBe(true)
    expect(task.committableOffsets().map((position) => position.offset)).toEqual([9])
  })

  it('asks no handler about a producer that failed while a record or a punctuation wrote to it', async () => {
    const details = { producer: 'p', reason: 'the broker went away.' }
    const aborted = new TransactionAbortedError('MR_PROTOCOL_TRANSACTION_ABORTED', details)
    const asked: unknown[] = []
    const onProcessingError = (error: Error): 'continue' => {
      asked.push(error)
      return 'continue'
    }
    const { task } = await rig({
      handlers: { onProcessingError },
      action: () => {
        throw aborted
      },
    })
    task.enqueue('in', 0, batch(0, [['a', '1', 1]]))
    expect(() => task.process(1)).toThrow(aborted)
    expect(asked).toEqual([])
  })

  it('leaves a record out that cannot be read, counts it, and commits past it', async () => {
    const { task, counters } = await rig({
      handlers: { onDeserializationError: 'continue' },
      value: int64() as Serde<unknown>,
    })
    task.enqueue('in', 0, batch(4, [['a', 'x', 1]]))
    expect(task.process(10)).toBe(1)
    expect(counters.get('dropped-records-total')).toBe(1)
    expect(task.committableOffsets().map((position) => position.offset)).toEqual([5])
  })

  it('asks the processing handler with node, position and source bytes', async () => {
    const asked: unknown[] = []
    const { task, sent, counters } = await rig({
      action: (one, context) => {
        if (one.value === 'bad') throw new RangeError('no')
        context.forward(one)
      },
      handlers: {
        onProcessingError: (error, context, one) => {
          asked.push([error.message, context.node, context.topic, context.partition, context.offset])
          asked.push([text(context.sourceKey), text(context.sourceValue), one?.value])
          return 'continue'
        },
      },
    })
    task.enqueue(
      'in',
      3,
      batch(20, [
        ['a', 'bad', 1],
        ['a', 'good', 2],
      ]),
    )
    task.process(2)
    expect(asked).toEqual([
      ['no', 'each', 'in', 3, 20],
      ['a', 'bad', 'bad'],
    ])
    expect(values(sent)).toEqual(['good'])
    expect(counters.get('dropped-records-total')).toBe(1)
  })

  it('stops with the user error as cause when the processing handler fails', async () => {
    const { task } = await rig({
      action: () => {
        throw new RangeError('no')
      },
    })
    task.enqueue('in', 0, batch(0, [['a', 'x', 1]]))
    expect(() => task.process(1)).toThrowError(expect.objectContaining({ code: 'MR_RECORD_PROCESS' }))
  })

  it('writes a dead letter with the source bytes and the headers of KIP-1034 for a function that says so', async () => {
    const { task, sent } = await rig({
      settings: { deadLetterTopic: 'dead' },
      action: () => {
        throw new RangeError('no')
      },
      handlers: { onProcessingError: () => 'dead-letter' },
    })
    task.enqueue('in', 0, batch(9, [['k', 'v', 5]]))
    task.process(1)
    expect(sent.map(({ topic: name, key, value }) => [name, key, value])).toEqual([['dead', 'k', 'v']])
    const headers = (sent[0]?.headers ?? []).map(({ key, value }) => [key, text(value)])
    expect(headers.filter(([key]) => key !== '__streams.errors.stacktrace')).toEqual([
      ['__streams.errors.exception', 'RangeError'],
      ['__streams.errors.message', 'no'],
      ['__streams.errors.topic', 'in'],
      ['__streams.errors.partition', '0'],
      ['__streams.errors.offset', '9'],
    ])
  })

  it('refuses an answer that a handler does not have', async () => {
    for (const answer of ['retry', 'ignore', undefined]) {
      const { task } = await rig({
        action: () => {
          throw new RangeError('no')
        },
        handlers: { onProcessingError: () => answer as never },
      })
      task.enqueue('in', 0, batch(0, [['k', 'v', 5]]))
      expect(() => task.process(1)).toThrowError(expect.objectContaining({ code: 'MR_RECORD_HANDLER' }))
    }
  })

  it('gives a null key to the deserialization handler when the topic does not declare it', async () => {
    const asked: string[] = []
    const input = topic('in', { key: string(), value: string() })
    const topology = new Topology().addSource('source', input).addSink('sink', input, 'source')
    const { task: _unused, clock } = await rig()
    const task = await Task.open({
      topology: topology.build(),
      subTopology: 0,
      id: { subTopology: 0, partition: 0 },
      applicationId: 'app',
      engine: memoryEngine('test'),
      memoryEngine: memoryEngine('test-memory'),
      collector: {
        send: () => undefined,
        sendWhenKnown: () => undefined,
        partitionFor: () => 0,
        partitionCount: () => 1,
      },
      clock,
      settings: {
        cacheBytesMax: 0,
        serdes: { key: null, value: null },
        timestampExtractor: 'fail',
        deadLetterTopic: null,
        processingHandlerGlobal: false,
        config: () => undefined,
      },
      handlers: {
        ...defaultHandlers,
        onDeserializationError: (error) => {
          asked.push((error as Error & { code: string }).code)
          return 'continue'
        },
      },
      logger: silentLogger,
      metrics: new TaskCounters(),
    })
    task.enqueue(
      'in',
      0,
      batch(0, [
        [null, 'v', 1],
        ['k', null, 2],
        ['k', 'v', 3],
      ]),
    )
    expect(task.process(10)).toBe(1)
    expect(asked).toEqual(['MR_RECORD_NULL_KEY', 'MR_RECORD_NULL_VALUE'])
  })

  it('calls a stream-time punctuation once per check, on its grid', async () => {
    const calls: number[] = []
    let scheduled = false
    const { task } = await rig({
      action: (_one, context) => {
        if (!scheduled) context.schedule(10, 'stream-time', (timeMs) => calls.push(timeMs))
        scheduled = true
      },
    })
    for (const [offset, time] of [0, 3, 27, 29, 30].entries()) {
      task.enqueue('in', 0, batch(offset, [['a', 'x', time]]))
      task.process(1)
      task.punctuateStreamTime()
    }
    expect(calls).toEqual([0, 27, 30])
  })

  it('reads the wall clock once per round, not per record', async () => {
    let reads = 0
    const seen: number[] = []
    const { task, clock } = await rig({ action: (_one, context) => seen.push(context.currentSystemTimeMs()) })
    clock.nowMs = () => 1_000 + reads++
    reads = 0
    task.enqueue(
      'in',
      0,
      batch(0, [
        ['a', '1', 1],
        ['a', '2', 2],
        ['a', '3', 3],
      ]),
    )
    task.process(3)
    expect(seen).toEqual([1_000, 1_000, 1_000])
  })

  it('empties its queues on rollback and runs again after load and start', async () => {
    const { task, sent } = await rig()
    task.enqueue(
      'in',
      0,
      batch(0, [
        ['a', '1', 1],
        ['a', '2', 2],
      ]),
    )
    task.process(1)
    task.rollback()
    expect(task.buffered('in', 0)).toBe(0)
    expect(task.commitNeeded).toBe(false)
    await task.load()
    task.start()
    task.enqueue('in', 0, batch(0, [['a', '1', 1]]))
    task.process(1)
    expect(values(sent)).toEqual(['1', '1'])
  })

  it('closes every processor even when one throws, and says so when the close is clean', async () => {
    const closed: string[] = []
    const closing = (name: string): Processor => ({
      process: () => undefined,
      close: () => {
        closed.push(name)
        throw new Error(`cannot close ${name}`)
      },
    })
    const input = topic('in', { key: string(), value: string() })
    const topology = new Topology()
      .addSource('source', input)
      .addProcessor('one', () => closing('one'), 'source')
      .addProcessor('two', () => closing('two'), 'source')
    const base = await rig()
    const task = await Task.open({
      topology: topology.build(),
      subTopology: 0,
      id: { subTopology: 0, partition: 0 },
      applicationId: 'app',
      engine: memoryEngine('test'),
      memoryEngine: memoryEngine('test-memory'),
      collector: {
        send: () => undefined,
        sendWhenKnown: () => undefined,
        partitionFor: () => 0,
        partitionCount: () => 1,
      },
      clock: base.clock,
      settings: {
        cacheBytesMax: 0,
        serdes: { key: null, value: null },
        timestampExtractor: 'fail',
        deadLetterTopic: null,
        processingHandlerGlobal: false,
        config: () => undefined,
      },
      handlers: defaultHandlers,
      logger: silentLogger,
      metrics: new TaskCounters(),
    })
    expect(() => task.close(true)).toThrowError(expect.objectContaining({ code: 'MR_RUNTIME_CLOSE' }))
    expect(closed).toEqual(['one', 'two'])
    task.close(true)
    expect(closed).toEqual(['one', 'two'])
  })

  it('refuses a topic that no source reads', async () => {
    const { task } = await rig()
    expect(() => task.enqueue('other', 0, batch(0, []))).toThrowError(
      expect.objectContaining({ code: 'MR_RUNTIME_TOPIC' }),
    )
  })

  it('forwards a record object unchanged to every child', async () => {
    const seen: unknown[] = []
    const { task } = await rig({
      action: (one, context) => {
        seen.push(one)
        context.forward(record(one.key, one.value, one.timestampMs + 1, one.headers))
        seen.push(context.recordMetadata()?.offset)
      },
    })
    task.enqueue('in', 0, batch(5, [['a', '1', 1]]))
    task.process(1)
    expect(seen).toEqual([record('a', '1', 1, noHeaders), 5])
  })
})
