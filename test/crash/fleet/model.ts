/**
 * What the outputs must be, computed from the inputs as they were read, and compared record by record.
 *
 * Under exactly-once nothing may be missing, nothing twice, and each sequence is the one that the inputs give. Under
 * at-least-once nothing may be missing; what is there again is counted.
 */
import type { BatchHeader } from '@millrace/protocol'
import { batchText } from './clusters.ts'
import type { Guarantee } from './member-plan.ts'
import type { TailedRecord } from './log-tail.ts'
import { type FleetTopics, groupCount, groupOf, keyCount, keyOf, numberOf, partitions, type Sum } from './topics.ts'

/** Everything that is wrong, by what it means. `faults` names the first of each. */
export interface Violations {
  lost: number
  twice: number
  abortedVisible: number
  wrong: number
}

const decoder = new TextDecoder()
const faultsMax = 30

export class Model {
  readonly violations: Violations = { lost: 0, twice: 0, abortedVisible: 0, wrong: 0 }
  readonly faults: string[] = []
  /** Under at-least-once: outputs that were there before. */
  again = 0
  #place: BatchHeader | null = null
  readonly #isExact: boolean
  readonly #topics: FleetTopics
  /** Numbers in the order of each partition, and where each number stands. */
  readonly #left: number[][] = Array.from({ length: partitions }, () => [])
  readonly #placeOf: number[] = []
  readonly #hasRight = new Set<number>()
  #leftCount = 0
  readonly #leftByKey = Array<number>(keyCount).fill(0)
  #pairsDue = 0
  readonly #pairs = new Set<string>()
  readonly #echoed = Array<number>(partitions).fill(0)
  readonly #waiting: number[][] = Array.from({ length: partitions }, () => [])
  readonly #counted = new Map<string, number>()
  readonly #summed = new Map<string, number>()
  readonly #summedNumbers = new Set<number>()
  readonly #summedTo = new Map<string, number>()
  readonly #ticked = new Map<string, number>()
  /** Tables that the changelogs give, and the numbers in the changelogs of the join. */
  readonly #countsLog = new Map<string, number>()
  readonly #sumsLog = new Map<string, string>()
  readonly #ticksLog = new Map<string, number>()
  readonly #joinLog = { L: new Set<number>(), R: new Set<number>() }

  constructor(topics: FleetTopics, guarantee: Guarantee) {
    this.#topics = topics
    this.#isExact = guarantee === 'exactly-once'
  }

  get inputs(): number {
    return this.#leftCount + this.#hasRight.size
  }

  take({ topic, partition, key, value, header }: TailedRecord): void {
    const topics = this.#topics
    this.#place = header
    const text = value === null ? '' : decoder.decode(value)
    if (topic === topics.left.name) this.#takeLeft(partition, key, text)
    else if (topic === topics.right.name) this.#takeRight(text)
    else if (topic === topics.echo.name) this.#takeEcho(partition, key, text)
    else if (topic === topics.counts.name) this.#takeNext(this.#counted, 'count of', key, int64(value))
    else if (topic === topics.ticks.name) this.#takeNext(this.#ticked, 'tick', key, int64(value))
    else if (topic === topics.sums.name) this.#takeSum(key, JSON.parse(text) as Sum)
    else if (topic === topics.pairs.name) this.#takePair(text)
    else if (topic.endsWith('-counts-changelog')) this.#countsLog.set(key, int64(value))
    else if (topic.endsWith('-sums-changelog')) this.#sumsLog.set(key, text)
    else if (topic.endsWith('-ticks-changelog')) this.#ticksLog.set(key, int64(value))
    else this.#takeJoinLog(topic, text)
  }

  /** What is still missing, null when every output is there. */
  missing(): string | null {
    for (const partition of this.#left.keys()) this.#matchEcho(partition)
    const echoed = this.#echoed.reduce((sum, count) => sum + count, 0)
    const counted = this.#countsBehind()
    const parts = [
      echoed < this.#leftCount ? `${this.#leftCount - echoed} copies` : '',
      counted > 0 ? `${counted} counts` : '',
      this.#summedNumbers.size < this.#leftCount ? `${this.#leftCount - this.#summedNumbers.size} sums` : '',
      this.#pairs.size < this.#pairsDue ? `${this.#pairsDue - this.#pairs.size} pairs` : '',
    ].filter((part) => part !== '')
    return parts.length === 0 ? null : parts.join(', ')
  }

  /** When everything is read and nothing more comes: what is missing is lost, and changelogs give the model's tables. */
  judgeEnd(): void {
    this.#place = null
    const missing = this.missing()
    if (missing !== null) this.#fault('lost', `never came: ${missing}`)
    for (const [partition, waiting] of this.#waiting.entries()) {
      if (waiting.length > 0) this.#fault('wrong', `copies of partition ${partition} without input: ${waiting[0]}`)
    }
    if (this.#countsLog.size > 0) {
      this.compareTables('the changelog', Object.fromEntries(this.#countsLog), this.#sumsOfLog())
      this.#compareTicks()
      for (const side of ['L', 'R'] as const) {
        const due = side === 'L' ? this.#leftCount : this.#hasRight.size
        const found = this.#joinLog[side].size
        if (found !== due) this.#fault('wrong', `the join's changelog ${side} has ${found} of ${due} records`)
      }
    }
  }

  /** Compares tables with those of the model. @param who whose tables they are */
  compareTables(who: string, counts: Readonly<Record<string, number>>, sums: Readonly<Record<string, Sum>>): void {
    this.#place = null
    const before = this.faults.length
    for (const difference of this.differences(counts, sums)) {
      if (this.faults.length < before + 3) this.#fault('wrong', `${who}: ${difference}`)
    }
  }

  /** How tables differ from the model's; under at-least-once only what is missing counts. */
  differences(counts: Readonly<Record<string, number>>, sums: Readonly<Record<string, Sum>>): string[] {
    const found: string[] = []
    const isWrong = (n: number, due: number): boolean => (this.#isExact ? n !== due : n < due)
    const dueSums = new Map<string, number>()
    for (let k = 0; k < keyCount; k++) {
      const due = this.#leftByKey[k] ?? 0
      const n = counts[`k${k}`] ?? 0
      if (isWrong(n, due)) found.push(`the count of k${k} is ${n} instead of ${due}`)
    }
    for (const list of this.#left) {
      for (const n of list) dueSums.set(groupOf(n), (dueSums.get(groupOf(n)) ?? 0) + 1)
    }
    for (let g = 0; g < groupCount; g++) {
      const due = dueSums.get(`g${g}`) ?? 0
      const n = sums[`g${g}`]?.n ?? 0
      if (isWrong(n, due)) found.push(`the sum of g${g} is ${n} instead of ${due}`)
    }
    return found
  }

  #takeLeft(partition: number, key: string, text: string): void {
    const n = numberOf(text)
    if (text.startsWith('X')) return this.#fault('abortedVisible', `input ${text} of an aborted transaction`)
    if (key !== keyOf(n) || this.#placeOf[n] !== undefined) return this.#fault('wrong', `input ${key} ${text}`)
    this.#placeOf[n] = this.#left[partition]?.length ?? 0
    this.#left[partition]?.push(n)
    this.#leftCount++
    this.#leftByKey[n % keyCount] = (this.#leftByKey[n % keyCount] ?? 0) + 1
    for (const other of [n - keyCount, n, n + keyCount]) if (this.#hasRight.has(other)) this.#pairsDue++
  }

  #takeRight(text: string): void {
    const n = numberOf(text)
    if (this.#hasRight.has(n)) return this.#fault('wrong', `input ${text} is there twice`)
    this.#hasRight.add(n)
    for (const other of [n - keyCount, n, n + keyCount]) if (this.#placeOf[other] !== undefined) this.#pairsDue++
  }

  #takeEcho(partition: number, key: string, text: string): void {
    const n = numberOf(text)
    if (text.startsWith('X')) return this.#fault('abortedVisible', `copy ${text}`)
    if (key !== keyOf(n)) return this.#fault('wrong', `copy ${key} ${text}`)
    this.#waiting[partition]?.push(n)
    this.#matchEcho(partition)
  }

  /** Copies must come in the order of the inputs; those whose input is not read yet wait. */
  #matchEcho(partition: number): void {
    const waiting = this.#waiting[partition] ?? []
    let done = 0
    for (const n of waiting) {
      const place = this.#placeOf[n]
      if (place === undefined || this.#left[partition]?.[place] !== n) break
      done++
      const due = this.#echoed[partition] ?? 0
      if (place < due) this.#repeated(`copy L${n} of partition ${partition}`)
      else {
        if (place > due)
          this.#fault('lost', `${place - due} copies before L${n} of partition ${partition}`, place - due)
        this.#echoed[partition] = place + 1
      }
    }
    waiting.splice(0, done)
  }

  /** Values of a key that rise by one. */
  #takeNext(last: Map<string, number>, what: string, key: string, value: number): void {
    const due = (last.get(key) ?? 0) + 1
    if (value < due) this.#repeated(`${what} ${key}: ${value} after ${due - 1}`)
    else if (value > due && this.#isExact) this.#fault('lost', `${what} ${key}: ${value} after ${due - 1}`)
    if (value >= due) last.set(key, value)
  }

  #takeSum(group: string, { n, last }: Sum): void {
    const number = numberOf(last)
    if (last.startsWith('X')) return this.#fault('abortedVisible', `sum ${group} with ${last}`)
    if (groupOf(number) !== group) return this.#fault('wrong', `sum ${group} with ${last}`)
    if (this.#summedNumbers.has(number)) this.#repeated(`sum ${group} with ${last}`)
    this.#summedNumbers.add(number)
    this.#takeNext(this.#summed, 'sum of', group, n)
    if (!this.#isExact) return
    // Records of one key come from one partition and keep their order.
    const source = `${group} ${keyOf(number)}`
    const before = this.#summedTo.get(source) ?? -1
    if (number < before) this.#fault('wrong', `sum ${group}: ${last} came after L${before}`)
    this.#summedTo.set(source, number)
  }

  #takePair(text: string): void {
    const [left = '', right = ''] = text.split('|')
    if (left.startsWith('X')) return this.#fault('abortedVisible', `pair ${text}`)
    const distance = Math.abs(numberOf(left) - numberOf(right))
    if (distance !== 0 && distance !== keyCount) return this.#fault('wrong', `pair ${text}`)
    if (this.#pairs.has(text)) return this.#repeated(`pair ${text}`)
    this.#pairs.add(text)
  }

  #takeJoinLog(topic: string, text: string): void {
    const side = text[0]
    if (side === 'X') return this.#fault('abortedVisible', `${text} in ${topic}`)
    if (side !== 'L' && side !== 'R') return
    const n = numberOf(text)
    if (this.#joinLog[side].has(n)) this.#repeated(`${text} in ${topic}`)
    this.#joinLog[side].add(n)
  }

  #countsBehind(): number {
    let behind = 0
    for (let k = 0; k < keyCount; k++) {
      behind += Math.max(0, (this.#leftByKey[k] ?? 0) - (this.#counted.get(`k${k}`) ?? 0))
    }
    return behind
  }

  #sumsOfLog(): Record<string, Sum> {
    return Object.fromEntries([...this.#sumsLog].map(([group, text]) => [group, JSON.parse(text) as Sum]))
  }

  #compareTicks(): void {
    for (const [key, value] of this.#ticked) {
      const logged = this.#ticksLog.get(key) ?? 0
      if (this.#isExact && logged !== value) this.#fault('wrong', `tick ${key}: ${value}, in the changelog ${logged}`)
    }
  }

  #repeated(text: string): void {
    if (this.#isExact) this.#fault('twice', text)
    else this.again++
  }

  #fault(kind: keyof Violations, text: string, count: number = 1): void {
    this.violations[kind] += count
    if (this.faults.length < faultsMax) {
      const place = this.#place === null ? '' : ` (${batchText(this.#place)})`
      this.faults.push(`${kind}: ${text}${place}`)
    }
  }
}

function int64(bytes: Uint8Array | null): number {
  if (bytes === null) return 0
  return Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigInt64(0))
}
