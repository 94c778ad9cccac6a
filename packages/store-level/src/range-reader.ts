/**
 * Ranges for callers that cannot wait: LevelDB has no synchronous iterator, so a worker thread reads, and the caller blocks
 * on a shared counter until the answer lies in its message port.
 *
 * About 60 µs per call. Only ranges that a processor asks for while a record is processed come here; windows, sessions,
 * joins and foreign keys are answered from memory. The worker starts with the first such range.
 */
import { createRequire } from 'node:module'
import type * as WorkerThreads from 'node:worker_threads'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { EngineEntry, RangeOptions } from '@millrace/core/port'
import type { LevelOpenOptions } from './level-database.ts'
import { levelFailure } from './level-errors.ts'

interface Request {
  readonly location: string
  readonly options: LevelOpenOptions
  /** Null: close the database. */
  readonly range: (RangeOptions & { readonly limit: number }) | null
}

interface Answer {
  /** `key length 4 ‖ key ‖ value length 4 ‖ value` for each row. */
  readonly rows?: Uint8Array
  readonly count?: number
  readonly error?: { readonly message: string; readonly code: string | undefined }
}

/** Rows of the first call of a range; later calls take more. */
const firstRows = 64
const laterRows = 1_024

export class RangeReader {
  private readonly worker: Worker
  private readonly port: MessagePort
  private readonly signal = new Int32Array(new SharedArrayBuffer(4))

  constructor() {
    const { port1, port2 } = new MessageChannel()
    this.port = port1
    const level = createRequire(import.meta.url).resolve('level')
    this.worker = new Worker(`(${serveRanges.toString()})(require('node:worker_threads'), require)`, {
      eval: true,
      workerData: { level, port: port2, signal: this.signal },
      transferList: [port2],
    })
    this.worker.unref()
    this.port.unref()
  }

  /** Rows of a range; each step but the first blocks again when the rows at hand are used up. */
  *range(location: string, options: LevelOpenOptions, range: RangeOptions): Generator<EngineEntry> {
    let left = range.limit === undefined || range.limit < 0 ? Infinity : range.limit
    let { gte, lt } = range
    for (let size = firstRows; left > 0; size = laterRows) {
      const limit = Math.min(size, left)
      const bounds = { ...(gte === undefined ? {} : { gte }), ...(lt === undefined ? {} : { lt }) }
      const answer = this.ask({ location, options, range: { ...bounds, reverse: range.reverse === true, limit } })
      const rows = answer.rows as Uint8Array
      let last: Uint8Array | undefined
      for (let at = 0; at < rows.length;) {
        const key = sized(rows, at)
        const value = sized(rows, at + 4 + key.length)
        at += 8 + key.length + value.length
        last = key
        yield { key, value }
      }
      left -= limit
      if (last === undefined || (answer.count as number) < limit) return
      if (range.reverse === true) lt = last
      else gte = after(last)
    }
  }

  /** The worker lets go of a database, so that it can be closed for good. */
  release(location: string, options: LevelOpenOptions): void {
    this.ask({ location, options, range: null })
  }

  async close(): Promise<void> {
    this.port.close()
    await this.worker.terminate()
  }

  private ask(request: Request): Answer {
    const seen = Atomics.load(this.signal, 0)
    this.port.postMessage(request)
    Atomics.wait(this.signal, 0, seen)
    const answer = receiveMessageOnPort(this.port)?.message as Answer | undefined
    if (answer === undefined) throw levelFailure(new Error('the range reader gave no answer'), request.location)
    if (answer.error !== undefined) {
      throw levelFailure(Object.assign(new Error(answer.error.message), { code: answer.error.code }), request.location)
    }
    return answer
  }
}

function sized(rows: Uint8Array, at: number): Uint8Array {
  const length = new DataView(rows.buffer, rows.byteOffset + at, 4).getUint32(0)
  return rows.slice(at + 4, at + 4 + length)
}

function after(key: Uint8Array): Uint8Array {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}

/**
 * The worker. Its text is what the thread runs, so it refers to nothing outside itself and is written in what Node runs
 * without a compiler.
 */
function serveRanges(threads: typeof WorkerThreads, load: (path: string) => unknown): void {
  const { level, port, signal } = threads.workerData as { level: string; port: MessagePort; signal: Int32Array }
  const { Level } = load(level) as { Level: new (...args: unknown[]) => never }
  const databases = new Map<string, Promise<never>>()
  const open = (location: string, options: object): Promise<never> => {
    let database = databases.get(location)
    if (database === undefined) {
      const fresh = new Level(location, { keyEncoding: 'view', valueEncoding: 'view' }) as unknown as {
        open(options: object): Promise<void>
      }
      database = fresh.open(options).then(() => fresh as never)
      databases.set(location, database)
    }
    return database
  }
  const answerTo = async (request: Request): Promise<object> => {
    if (request.range === null) {
      const known = databases.get(request.location)
      databases.delete(request.location)
      if (known !== undefined) await ((await known) as { close(): Promise<void> }).close()
      return {}
    }
    const database = (await open(request.location, request.options)) as {
      iterator(range: object): { all(): Promise<[Uint8Array, Uint8Array][]> }
    }
    const entries = await database.iterator(request.range).all()
    let size = 0
    for (const [key, value] of entries) size += 8 + key.length + value.length
    const rows = new Uint8Array(size)
    const view = new DataView(rows.buffer)
    let at = 0
    for (const entry of entries) {
      for (const part of entry) {
        view.setUint32(at, part.length)
        rows.set(part, at + 4)
        at += 4 + part.length
      }
    }
    return { rows, count: entries.length }
  }
  port.on('message', (request: Request) => {
    void answerTo(request)
      .catch((error: Error & { code?: string; cause?: Error & { code?: string } }) => {
        databases.delete(request.location)
        const message = error.cause === undefined ? error.message : `${error.message}; ${error.cause.message}`
        return { error: { message, code: error.cause?.code ?? error.code } }
      })
      .then((answer) => {
        port.postMessage(answer)
        Atomics.add(signal, 0, 1)
        Atomics.notify(signal, 0)
      })
  })
}
