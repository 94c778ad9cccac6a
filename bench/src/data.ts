/**
 * The data sets of the benchmark, by formula: the same records on every machine and in every language.
 *
 * All arithmetic is on non-negative integers; the hash is 32-bit. Record i of a set of N gives key, timestamp and value;
 * `partitionOf` is Kafka's default partitioner. Text is ASCII.
 */
export interface DataRecord {
  readonly key: string
  readonly timestampMs: number
  readonly value: string
}

export interface DataSet {
  readonly name: string
  /** Number of records in the topic for the size `n` given to the generator. */
  count(n: number): number
  record(i: number, n: number): DataRecord
}

const baseMs = 1_700_000_000_000

/** 32-bit hash of (i, seed). */
export function h(i: number, seed: number): number {
  let x = (Math.imul(i, 0x9e3779b1) + Math.imul(seed, 0x85ebca77) + 0x4d494c4c) | 0
  x ^= x >>> 16
  x = Math.imul(x, 0x85ebca6b)
  x ^= x >>> 13
  x = Math.imul(x, 0xc2b2ae35)
  x ^= x >>> 16
  return x >>> 0
}

/** Eight lower-case hexadecimal digits. */
export const hex8 = (v: number): string => v.toString(16).padStart(8, '0')
const fill = (v: number, length: number): string =>
  length <= 0
    ? ''
    : hex8(v)
        .repeat(Math.ceil(length / 8))
        .slice(0, length)
const pad = (v: number, width: number): string => String(v).padStart(width, '0')
const div = (a: number, b: number): number => Math.floor(a / b)

function kv(i: number, key: string): string {
  const amount = 1_000_000 + (h(i, 2) % 9_000_000)
  return `{"id":"${pad(i, 10)}","key":"${key}","amount":${amount},"flag":${h(i, 4) & 1},"pad":"${fill(h(i, 3), 29)}"}`
}

/** Fills `extra` so that the text has exactly `bytes` characters. */
function filled(head: string, seed: number, bytes: number): string {
  return `${head}"extra":"${fill(seed, bytes - head.length - '"extra":""}'.length)}"}`
}

function bid(i: number): DataRecord {
  const a = div(i * 3, 46)
  const p = div(i, 46)
  const auction = 1_000 + ((h(i, 1) & 1) === 0 ? div(a, 100) * 100 : Math.max(0, a - (h(i, 2) % 100)))
  const bidder = 1_000 + ((h(i, 3) & 3) !== 0 ? div(p, 100) * 100 + 1 : Math.max(0, p - (h(i, 4) % 1_000)))
  const timestampMs = baseMs + div(i, 10)
  const price = 100 + (h(i, 5) % 10_000_000)
  const url = `https://www.nexmark.com/${hex8(h(i, 7))}/item.htm?query=1`
  const head =
    `{"auction":${auction},"bidder":${bidder},"price":${price},"channel":"channel-${h(i, 6) % 10_000}",` +
    `"url":"${url}","dateTime":${timestampMs},`
  return { key: String(auction), timestampMs, value: filled(head, h(i, 8), 230) }
}

function item(j: number): DataRecord {
  const head =
    `{"id":${1_000 + j},"itemName":"item-${hex8(h(j, 11))}","initialBid":${h(j, 12) % 1_000_000},` +
    `"category":${10 + (h(j, 13) % 5)},"seller":${1_000 + (h(j, 14) % 100_000)},`
  return { key: String(1_000 + j), timestampMs: baseMs - 1, value: filled(head, h(j, 15), 500) }
}

function person(j: number): DataRecord {
  const head = `{"id":${j},"name":"name-${hex8(h(j, 21))}","city":"city-${h(j, 22) % 100}",`
  return { key: `p${pad(j, 7)}`, timestampMs: baseMs + div(j * 4, 10), value: filled(head, h(j, 23), 200) }
}

function sale(m: number): DataRecord {
  const seller = Math.max(0, div(m, 3) - (h(m, 31) % 50_000))
  const head = `{"id":${m},"itemName":"item-${hex8(h(m, 32))}","category":${10 + (h(m, 33) % 5)},"seller":${seller},`
  return { key: `p${pad(seller, 7)}`, timestampMs: baseMs + div(m * 4, 30), value: filled(head, h(m, 34), 200) }
}

let harmonic: Float64Array | undefined
/** Cumulated 1/(r+1), added in this order, so that every language gets the same doubles. */
function harmonicSums(): Float64Array {
  if (harmonic !== undefined) return harmonic
  harmonic = new Float64Array(100_000)
  let sum = 0
  for (let r = 0; r < harmonic.length; r++) harmonic[r] = sum += 1 / (r + 1)
  return harmonic
}

function zipfRank(i: number): number {
  const c = harmonicSums()
  const u = ((h(i, 1) + 0.5) / 4_294_967_296) * (c[c.length - 1] ?? 0)
  let low = 0
  let high = c.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((c[middle] ?? 0) >= u) high = middle
    else low = middle + 1
  }
  return low
}

function keyed(name: string, keyOf: (i: number) => string, timestampOf: (i: number) => number): DataSet {
  return {
    name,
    count: (n) => n,
    record: (i) => {
      const key = keyOf(i)
      return { key, timestampMs: timestampOf(i), value: kv(i, key) }
    },
  }
}

const onTime = (i: number): number => baseMs + div(i, 10)
const late = (i: number): number => onTime(i) - (h(i, 5) % 5 === 0 ? h(i, 6) % 20_000 : 0)

export const dataSets: Readonly<Record<string, DataSet>> = {
  kv: keyed('kv', (i) => `k${pad(h(i, 1) % 100_000, 7)}`, onTime),
  kw: keyed('kw', (i) => `k${pad(h(i, 1) % 1_000_000, 7)}`, onTime),
  kvz: keyed('kvz', (i) => `k${pad((zipfRank(i) * 7_919) % 100_000, 7)}`, onTime),
  ev: keyed('ev', (i) => `k${pad(h(i, 1) % 20_000, 7)}`, late),
  bids: { name: 'bids', count: (n) => n, record: bid },
  items: { name: 'items', count: (n) => div(n * 3, 46) + 1, record: item },
  persons: { name: 'persons', count: (n) => div(n, 4), record: person },
  sales: { name: 'sales', count: (n) => 3 * div(n, 4), record: sale },
}
