/** What each workload reads, how large its runs are, and the figures published for Java Kafka Streams 4.3.1. */
export interface WorkloadPlan {
  readonly name: string
  readonly sets: readonly string[]
  /** How many of the inputs are counted as records (W6: the bids only). */
  readonly counted: number
  readonly store: 'memory' | 'disk'
  readonly small: number
  readonly full: number
  /** CPU-s per million records; see bench/README.md for the source. */
  readonly javaAlos?: number
  readonly javaEos?: number
}

const one = (name: string, set: string, rest: Omit<WorkloadPlan, 'name' | 'sets' | 'counted'>): WorkloadPlan => ({
  name,
  sets: [set],
  counted: 1,
  ...rest,
})

export const plans: readonly WorkloadPlan[] = [
  one('C1', 'kv', { store: 'memory', small: 200_000, full: 40_000_000 }),
  one('C3', 'kv', { store: 'memory', small: 200_000, full: 40_000_000, javaAlos: 0.55, javaEos: 0.53 }),
  one('W1', 'kv', { store: 'memory', small: 200_000, full: 40_000_000, javaAlos: 0.88, javaEos: 0.97 }),
  one('W1j', 'kv', { store: 'memory', small: 200_000, full: 10_000_000 }),
  one('W2', 'bids', { store: 'memory', small: 100_000, full: 12_000_000, javaAlos: 1.95 }),
  one('W3', 'kv', { store: 'memory', small: 200_000, full: 10_000_000, javaAlos: 2.71, javaEos: 2.9 }),
  one('W3z', 'kvz', { store: 'memory', small: 100_000, full: 12_000_000, javaAlos: 2.44 }),
  one('W4', 'kw', { store: 'disk', small: 100_000, full: 5_000_000, javaAlos: 7.75, javaEos: 8.33 }),
  one('W4j', 'kw', { store: 'disk', small: 100_000, full: 5_000_000 }),
  one('W5', 'bids', { store: 'disk', small: 100_000, full: 3_000_000, javaEos: 21.4 }),
  one('W5t', 'ev', { store: 'disk', small: 200_000, full: 5_000_000, javaAlos: 6.3 }),
  {
    name: 'W6',
    sets: ['bids', 'items'],
    counted: 1,
    store: 'disk',
    small: 100_000,
    full: 6_000_000,
    javaAlos: 5.44,
  },
  {
    name: 'W7',
    sets: ['persons', 'sales'],
    counted: 2,
    store: 'disk',
    small: 100_000,
    full: 3_000_000,
    javaEos: 9.39,
  },
  one('W8', 'bids', { store: 'memory', small: 100_000, full: 12_000_000, javaEos: 5.48 }),
  one('W9', 'ev', { store: 'disk', small: 200_000, full: 3_000_000, javaAlos: 14.9 }),
]
