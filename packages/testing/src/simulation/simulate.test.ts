/** The simulation as users have it: what it reports, and what it refuses. */
import { int64, string, StreamsBuilder, type Topology, topic } from '@millrace/core'
import { describe, expect, it } from 'vitest'
import { simulate, type SimulateOptions, type SimulationFailure } from './index.ts'

const words = topic('words', { key: string(), value: string() })
const counts = topic('counts', { key: string(), value: int64() })

function counting(spoil: (word: string) => string = (word) => word): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(words)
    .mapValues((word) => spoil(word))
    .groupBy((word) => word)
    .count({ store: 'counts' })
    .toStream()
    .to(counts)
  return builder.build()
}

const input: SimulateOptions['input'] = ({ serial, random, record }) =>
  record(words, `line ${serial}`, random.next() < 0.5 ? 'to' : 'be')

const check: SimulateOptions['check'] = (results) => {
  const counted = results.table(counts)
  return ['to', 'be'].flatMap((word) => {
    const want = results.records(words).filter(({ value }) => value === word).length
    return (counted.get(word) ?? 0) === want ? [] : [`${word} is ${counted.get(word)}, ${want} were written`]
  })
}

describe('simulate', { timeout: 120_000 }, () => {
  it('runs a topology under faults and finds nothing wrong with it', async () => {
    const {
      runs,
      failures,
      counts: happened,
    } = await simulate(counting(), { seed: 11, runs: 3, input, check, twice: true })
    expect(failures).toEqual([])
    expect(runs).toBe(3)
    expect(happened.kills + happened.stops + happened.brokerCrashes).toBeGreaterThan(0)
    expect(happened.states).toBeGreaterThan(0)
  })

  it('reports what the check says, with a plan that repeats it', async () => {
    // Every instance forgets what it has seen when it starts: each life lets the first word through wrong.
    const forgetful = (): Topology => {
      let isFirst = true
      return counting((word) => {
        const spoilt = isFirst ? 'first' : word
        isFirst = false
        return spoilt
      })
    }
    const { failures } = await simulate(forgetful, { faults: 'none', input, check })
    expect(failures).toHaveLength(1)
    const [failure] = failures
    expect(failure?.violations.some((line) => line.includes('were written'))).toBe(true)
    const again = await simulate(forgetful, { input, check, plan: failure!.plan })
    expect(again.failures).toEqual(failures)
  })

  it('makes a failure smaller: faults that do not matter are gone, and most of the input', async () => {
    const never: SimulateOptions['check'] = (results) => (results.records(words).length > 2 ? ['too many'] : [])
    const { failures } = await simulate(counting(), { seed: 3, faults: ['kill'], input, check: never, shrink: true })
    expect(failures[0]?.violations).toEqual(['too many'])
    expect(failures[0]?.plan).toMatchObject({ faults: [], machines: 1, partitions: 1 })
  })

  it('finds code that depends on the clock of the real machine', async () => {
    const late = (): Topology => counting((word) => (Date.now() > 0 ? word : ''))
    const { failures } = await simulate(late, { faults: 'none', input, check })
    expect(failures[0]?.violations.join()).toContain('Date.now')
  })

  it('holds at-least-once to its promise: nothing lost, repetitions allowed', async () => {
    const atLeast: SimulateOptions['check'] = (results) => {
      const have = results.records(counts).length
      const want = results.records(words).length
      return have >= want ? [] : [`${have} results of ${want}`]
    }
    const { failures } = await simulate(counting(), {
      runs: 2,
      input,
      check: atLeast,
      processingGuarantee: 'at-least-once',
      settings: { machines: 2, cacheBytes: 0 },
      faults: ['kill', 'restart'],
    })
    expect(failures).toEqual([])
  })

  it('refuses what it cannot run, and says what it takes', async () => {
    const other = topic('other', { key: string(), value: string() })
    await expect(simulate(counting(), { runs: 0, input, check })).rejects.toThrow('runs')
    await expect(simulate(counting(), { faults: ['fire' as never], input, check })).rejects.toThrow('disk-lost')
    const set = async (settings: object): Promise<unknown> => simulate(counting(), { settings, input, check })
    await expect(set({ partitons: 2 })).rejects.toMatchObject({ code: 'MR_CONFIG_UNKNOWN' })
    await expect(set({ partitons: 2 })).rejects.toThrow('did you mean "settings.partitions"')
    await expect(set({ colour: 2 })).rejects.toThrow('give any of nodes, machines')
    for (const wrong of [{ partitions: 0 }, { machines: '2' }, { sessionTimeoutMs: 10 }, { abortedInput: 2 }]) {
      await expect(set(wrong)).rejects.toMatchObject({ code: 'MR_CONFIG_INVALID' })
    }
    await expect(set({ version: '4' })).rejects.toThrow("'4.x' (of '3.9', '4.x')")
    await expect(simulate(counting(), { runz: 2, input, check } as SimulateOptions)).rejects.toThrow('"runs"')
    const processingGuarantee = 'exactly_once' as 'exactly-once'
    await expect(simulate(counting(), { processingGuarantee, input, check })).rejects.toThrow("'exactly-once'")
    const plan = { seed: 1 } as SimulationFailure['plan']
    await expect(simulate(counting(), { plan, input, check })).rejects.toThrow('plan.nodes')
    await expect(simulate(new StreamsBuilder().build(), { input, check })).rejects.toThrow('reads no topic')
    const { failures } = await simulate(counting(), { input: ({ record }) => record(other, 'k', 'v'), check })
    expect(failures[0]?.violations.join()).toContain('a record for "other"')
  })
})
