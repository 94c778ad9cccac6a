/**
 * Dies, or falls asleep, at a chosen point of its work: the process watches its own sockets and its own state.
 *
 * The sockets are handed to kafkajs by the option users have for that; the state is reached by wrapping LevelDB's batches
 * in this process. Production code has no hook and does not know.
 */
import { createRequire } from 'node:module'
import net from 'node:net'

/** What a point is about: requests by API key, and the batch of a task. */
const subjects: Readonly<Record<string, readonly number[]>> = {
  produce: [0],
  offsets: [8, 28],
  end: [26],
  init: [22],
  add: [24, 25],
  join: [11],
  sync: [14],
  'fetch-offsets': [9],
}

/** `before` = not sent; `sent` = on its way, no answer; `answered` = the answer is here and not yet seen. */
export const killPoints: readonly string[] = [
  ...Object.keys(subjects).flatMap((subject) => ['before', 'sent', 'answered'].map((when) => `${subject}:${when}`)),
  'batch:before',
  'batch:after',
]

/** Points of a commit, in its order. */
export const commitPoints: readonly string[] = [
  'produce:before',
  'produce:sent',
  'produce:answered',
  'offsets:before',
  'offsets:sent',
  'offsets:answered',
  'end:before',
  'end:sent',
  'end:answered',
  'batch:before',
  'batch:after',
]

/** What to do where: at the `nth` time the point is reached from now on. */
export interface ArmedPoint {
  readonly point: string
  readonly nth: number
  readonly signal: 'SIGKILL' | 'SIGSTOP'
}

let armed: ArmedPoint | null = null
let left = 0
let onReached: (point: string) => void = () => undefined

/** Arms a point; an earlier one is forgotten. `told` is called right before the signal. */
export function arm(point: ArmedPoint, told: (point: string) => void): void {
  armed = point
  left = point.nth
  onReached = told
}

function reached(point: string): void {
  if (armed === null || armed.point !== point || --left > 0) return
  const { signal } = armed
  armed = null
  onReached(point)
  process.kill(process.pid, signal)
}

const subjectOf = new Map<number, string>(
  Object.entries(subjects).flatMap(([subject, keys]) => keys.map((key): [number, string] => [key, subject])),
)

/** A socket factory for kafkajs that watches requests go and answers come. */
export function watchedSocket({
  host,
  port,
  onConnect,
}: {
  host: string
  port: number
  onConnect: () => void
}): net.Socket {
  const socket = net.connect({ host, port }, onConnect)
  const waiting = new Map<number, string>()
  const write = socket.write.bind(socket) as (chunk: Uint8Array, ...rest: unknown[]) => boolean
  let remaining = 0
  let subject: string | undefined
  socket.write = ((chunk: Uint8Array | string, ...rest: unknown[]): boolean => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, 'binary') : Buffer.from(chunk)
    if (remaining === 0) {
      // size 4 ‖ API key 2 ‖ version 2 ‖ correlation id 4
      remaining = bytes.readInt32BE(0) + 4
      subject = subjectOf.get(bytes.readInt16BE(4))
      if (subject !== undefined) {
        waiting.set(bytes.readInt32BE(8), subject)
        reached(`${subject}:before`)
      }
    }
    remaining -= bytes.length
    const isFree = write(bytes, ...rest)
    if (remaining === 0 && subject !== undefined) setImmediate(reached, `${subject}:sent`)
    return isFree
  }) as typeof socket.write
  watchAnswers(socket, (correlationId) => {
    const found = waiting.get(correlationId)
    waiting.delete(correlationId)
    if (found !== undefined) reached(`${found}:answered`)
  })
  return socket
}

/** Calls back with the correlation id of each answer before anybody else sees its first bytes. */
function watchAnswers(socket: net.Socket, onAnswer: (correlationId: number) => void): void {
  let head = Buffer.alloc(0)
  let skip = 0
  const emit = socket.emit.bind(socket) as (event: string, ...rest: unknown[]) => boolean
  socket.emit = ((event: string, ...rest: unknown[]): boolean => {
    if (event === 'data') {
      let chunk = rest[0] as Buffer
      while (chunk.length > 0) {
        if (skip > 0) {
          const step = Math.min(skip, chunk.length)
          skip -= step
          chunk = chunk.subarray(step)
          continue
        }
        const step = Math.min(8 - head.length, chunk.length)
        head = Buffer.concat([head, chunk.subarray(0, step)])
        chunk = chunk.subarray(step)
        if (head.length < 8) continue
        onAnswer(head.readInt32BE(4))
        skip = head.readInt32BE(0) - 4
        head = Buffer.alloc(0)
      }
    }
    return emit(event, ...rest)
  }) as typeof socket.emit
}

interface Batch {
  write(...options: unknown[]): Promise<void>
}

/** Wraps the batches of the LevelDB that the stores of this process use. */
export function watchBatches(): void {
  const load = createRequire(import.meta.resolve('@millrace/store-level'))
  const { Level } = load('level') as {
    Level: { prototype: { batch: (this: unknown, ...operations: unknown[]) => Batch } }
  }
  const make = Level.prototype.batch
  Level.prototype.batch = function (...operations: unknown[]): Batch {
    const batch = make.apply(this, operations)
    if (operations.length > 0) return batch
    const write = batch.write.bind(batch)
    batch.write = async (...options: unknown[]): Promise<void> => {
      reached('batch:before')
      await write(...options)
      reached('batch:after')
    }
    return batch
  }
}
