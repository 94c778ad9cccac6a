import { describe, expect, it } from 'vitest'
import { type AppState, LifeCycle, lifeCycleSteps } from './life-cycle.ts'

describe('LifeCycle', () => {
  it('goes from CREATED to NOT_RUNNING by way of a rebalance, and tells its listeners', () => {
    const cycle = new LifeCycle()
    const seen: string[] = []
    const stop = cycle.listen((state, before) => seen.push(`${before}>${state}`))
    for (const state of ['REBALANCING', 'RUNNING', 'RUNNING', 'PENDING_SHUTDOWN'] as const) cycle.to(state)
    stop()
    cycle.to('NOT_RUNNING')
    expect(seen).toEqual(['CREATED>REBALANCING', 'REBALANCING>RUNNING', 'RUNNING>PENDING_SHUTDOWN'])
    expect(cycle.state).toBe('NOT_RUNNING')
  })

  it('refuses a step that is not in the table', () => {
    expect(() => new LifeCycle().to('RUNNING')).toThrow(expect.objectContaining({ code: 'MR_RUNTIME_STATE' }))
  })

  it('ignores a late step once it ends', () => {
    const cycle = new LifeCycle()
    cycle.to('PENDING_SHUTDOWN')
    expect(cycle.to('RUNNING')).toBe(false)
    expect(cycle.state).toBe('PENDING_SHUTDOWN')
  })

  it('reaches an end from every state', () => {
    const ends = (state: AppState, seen: readonly AppState[] = []): boolean =>
      lifeCycleSteps[state].length === 0 ||
      lifeCycleSteps[state].some((next) => !seen.includes(next) && ends(next, [...seen, state]))
    for (const state of Object.keys(lifeCycleSteps) as AppState[]) expect([state, ends(state)]).toEqual([state, true])
  })
})

it('goes on when a listener throws, and tells of it', () => {
  const told: unknown[] = []
  const cycle = new LifeCycle((error) => told.push(error))
  const seen: string[] = []
  cycle.listen(() => {
    throw new Error('listener')
  })
  cycle.listen((state) => seen.push(state))
  expect(cycle.to('REBALANCING')).toBe(true)
  expect(seen).toEqual(['REBALANCING'])
  expect(told).toEqual([new Error('listener')])
})
