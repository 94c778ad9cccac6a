import { expect, it } from 'vitest'
import { SeededRandom } from './seeded-random.ts'
import { VirtualProcess } from './virtual-process.ts'
import { VirtualTime } from './virtual-time.ts'

const world = (seed: number): { time: VirtualTime; random: SeededRandom } => ({
  time: new VirtualTime(),
  random: new SeededRandom(seed),
})

it('runs events by due time, equal ones in the order of scheduling, and skips cancelled ones', async () => {
  const time = new VirtualTime()
  const seen: string[] = []
  time.after(5, () => seen.push('b'))
  time.after(1, () => seen.push('a'))
  time.after(5, () => seen.push('c'))
  time.after(2, () => seen.push('never')).cancel()
  expect(await time.run(() => seen.length === 3, 100)).toBe(true)
  expect(seen).toEqual(['a', 'b', 'c'])
  expect(time.nowMs).toBe(5)
})

it('repeats a run from its seed, and differs for another seed', async () => {
  const run = async (seed: number): Promise<number[]> => {
    const { time, random } = world(seed)
    const process = new VirtualProcess('p', { time, random }, () => undefined)
    const seen: number[] = []
    for (let i = 0; i < 20; i++) void process.timers.sleep(random.between(0, 50)).then(() => seen.push(i))
    await time.run(() => seen.length === 20, 1_000)
    return seen
  }
  expect(await run(7)).toEqual(await run(7))
  expect(await run(7)).not.toEqual(await run(8))
})

it('never runs a killed process again, and a suspended one when it continues', async () => {
  const { time, random } = world(1)
  const seen: string[] = []
  const dead = new VirtualProcess('dead', { time, random }, () => undefined)
  const stopped = new VirtualProcess('stopped', { time, random }, () => undefined)
  dead.timers.after(10, () => seen.push('dead'))
  stopped.timers.after(10, () => seen.push(`stopped at ${time.nowMs}`))
  dead.kill()
  stopped.suspend()
  time.after(50, () => stopped.resume())
  await time.run(() => false, 100)
  expect(seen).toEqual(['stopped at 50'])
  expect(dead.passes('send')).toBe(false)
})
