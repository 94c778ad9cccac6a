/** The rules that hold whatever the application is, on logs made by hand. */
import { describe, expect, it } from 'vitest'
import type { LoggedRecord } from './committed-log.ts'
import { generationFault } from './invariants.ts'
import { witness } from './witness.ts'

const made = (task: string, instance: string, generation: number): Pick<LoggedRecord, 'offset' | 'headers'> => ({
  offset: generation,
  headers: witness({ task, generation, instance, input: { topic: 'input', partition: 0, offset: 0 }, index: 0 }),
})

describe('the generation of a task', () => {
  it('may stay, and grow with a move to another instance and back', () => {
    const log = [made('0_0', 'm0/1', 3), made('0_0', 'm0/1', 3), made('0_0', 'm1/1', 4), made('0_0', 'm0/1', 5)]
    expect(generationFault(log)).toBeNull()
  })

  it('never goes back in the log, as it would when a zombie commits', () => {
    const log = [made('0_0', 'm0/1', 3), made('0_0', 'm1/1', 4), made('0_0', 'm0/1', 3)]
    expect(generationFault(log)).toBe('3: task 0_0 by m0/1 in generation 3 after m1/1 in generation 4')
  })

  it('has one instance', () => {
    expect(generationFault([made('0_0', 'm0/1', 3), made('0_0', 'm1/1', 3)])).toContain('by m1/1 in generation 3')
  })

  it('is that of its task alone', () => {
    expect(generationFault([made('0_0', 'm0/1', 5), made('0_1', 'm1/1', 3)])).toBeNull()
  })
})
