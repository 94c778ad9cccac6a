/**
 * The assignor against its promises, on random groups: processes come, go and fall behind. A simulated group carries the
 * assignment over to the next round, with warm-ups that catch up, as the leader of the next rebalance would see it.
 */
import { describe, expect, it } from 'vitest'
import { balance } from './balance.ts'
import type { Balance, BalanceSettings, ClientView, PlacedTask } from './cluster-view.ts'
import { spread } from './spread.ts'

const settings: BalanceSettings = { numStandbyReplicas: 0, acceptableRecoveryLag: 100, maxWarmupReplicas: 2 }
const tasksOf = (stateful: number, stateless: number): PlacedTask[] => [
  ...Array.from({ length: stateful }, (_, i) => ({ name: `0_${i}`, stateful: true })),
  ...Array.from({ length: stateless }, (_, i) => ({ name: `1_${i}`, stateful: false })),
]
const fresh = (id: string, workers = 1): ClientView => ({
  id,
  workers: Array.from({ length: workers }, (_, i) => `${id}-${i}`),
  previousActive: new Map(),
  previousStandby: new Map(),
  lags: new Map(),
})

/** The same processes one rebalance later: what they were given they have, and all of it has caught up. */
function later(views: readonly ClientView[], result: Balance, tasks: readonly PlacedTask[]): ClientView[] {
  const stateful = new Set(tasks.filter((t) => t.stateful).map((t) => t.name))
  return views.map((view) => {
    const given = result.clients.get(view.id) ?? { active: new Set<string>(), standby: new Set<string>() }
    const workers = spread(view, given, (task) => stateful.has(task))
    const lags = new Map([...view.lags].map(([task]) => [task, 1_000_000]))
    for (const task of [...given.active, ...given.standby]) if (stateful.has(task)) lags.set(task, 0)
    return {
      ...view,
      previousActive: new Map([...workers].map(([w, t]) => [w, new Set(t.active)])),
      previousStandby: new Map([...workers].map(([w, t]) => [w, new Set(t.standby)])),
      lags,
    }
  })
}

function owners(result: Balance): Map<string, string> {
  return new Map([...result.clients].flatMap(([id, { active }]) => [...active].map((task) => [task, id] as const)))
}

describe('balance', () => {
  it('spreads stateful tasks first, then fills up with stateless ones', () => {
    const result = balance(tasksOf(3, 3), [fresh('a'), fresh('b')], settings)
    const counts = [...result.clients.values()].map(({ active }) => [
      [...active].filter((t) => t.startsWith('0_')).length,
      active.size,
    ])
    expect(counts.toSorted(([a = 0], [b = 0]) => a - b)).toEqual([
      [1, 3],
      [2, 3],
    ])
    expect(result.moving).toEqual([])
  })

  it('gives a process with three workers three times as many tasks', () => {
    const result = balance(tasksOf(8, 0), [fresh('a', 3), fresh('b')], settings)
    expect(result.clients.get('a')?.active.size).toBe(6)
    expect(result.clients.get('b')?.active.size).toBe(2)
  })

  it('changes nothing when nothing changed', () => {
    const tasks = tasksOf(7, 5)
    const views = [fresh('a', 2), fresh('b'), fresh('c')]
    const first = balance(tasks, views, settings)
    const second = balance(tasks, later(views, first, tasks), settings)
    expect(owners(second)).toEqual(owners(first))
  })

  it('warms a new process up before it takes tasks over, a few at a time', () => {
    const tasks = tasksOf(8, 0)
    const before = later([fresh('a')], balance(tasks, [fresh('a')], settings), tasks)
    const joined = [...before, fresh('b')]
    const result = balance(tasks, joined, settings)
    expect(result.clients.get('a')?.active.size).toBe(8)
    expect(result.clients.get('b')?.standby.size).toBe(2)
    expect(result.moving).toHaveLength(4)
    const next = balance(tasks, later(joined, result, tasks), settings)
    expect(next.clients.get('b')?.active.size).toBe(2)
    expect(next.moving).toHaveLength(2)
    const last = balance(tasks, later(joined, next, tasks), settings)
    expect(last.clients.get('b')?.active.size).toBe(4)
    expect(last.moving).toEqual([])
  })

  it('moves a task at once to a standby that has caught up', () => {
    const tasks = tasksOf(4, 0)
    const standbys = { ...settings, numStandbyReplicas: 1 }
    const views = [fresh('a'), fresh('b')]
    const running = later(views, balance(tasks, views, standbys), tasks)
    const result = balance(
      tasks,
      running.filter((view) => view.id === 'b'),
      standbys,
    )
    expect(result.clients.get('b')?.active.size).toBe(4)
    expect(result.moving).toEqual([])
    expect(result.standbysMissing).toBe(4)
  })

  it('lets a restarted process take its tasks back where its state is', () => {
    const tasks = tasksOf(6, 0)
    const views = [fresh('a'), fresh('b'), fresh('c')]
    const running = later(views, balance(tasks, views, settings), tasks)
    const had = new Set(running.find((view) => view.id === 'b')?.previousActive.get('b-0'))
    const restarted = running.map((view) => (view.id === 'b' ? { ...view, previousActive: new Map() } : view))
    expect(balance(tasks, restarted, settings).clients.get('b')?.active).toEqual(had)
  })

  it.each(Array.from({ length: 60 }, (_, seed) => seed))('keeps its promises over random rounds (seed %i)', (seed) => {
    const random = generator(seed)
    const int = (n: number): number => Math.floor(random() * n)
    const tasks = tasksOf(int(20), int(20))
    const own = { ...settings, numStandbyReplicas: int(3), maxWarmupReplicas: 1 + int(3) }
    let serial = 0
    let views = Array.from({ length: 1 + int(4) }, () => fresh(`p${serial++}`, 1 + int(3)))
    for (let round = 0; round < 6; round++) {
      let result = balance(tasks, views, own)
      checkRound(result, tasks, views, own)
      const untilCalm = views.length * tasks.length + 2
      for (let i = 0; result.moving.length > 0 && i < untilCalm; i++) {
        views = later(views, result, tasks)
        result = balance(tasks, views, own)
        checkRound(result, tasks, views, own)
      }
      expect(result.moving).toEqual([])
      checkEven(result, tasks, views)
      const moved = balance(tasks, later(views, result, tasks), own)
      expect(owners(moved)).toEqual(owners(result))
      views = later(views, result, tasks)
      if (views.length > 1 && random() < 0.5) views = views.toSpliced(int(views.length), 1)
      else views = [...views, fresh(`p${serial++}`, 1 + int(3))]
    }
  })
})

function checkRound(
  result: Balance,
  tasks: readonly PlacedTask[],
  views: readonly ClientView[],
  own: BalanceSettings,
): void {
  const placed = [...result.clients.values()].flatMap(({ active }) => [...active])
  expect(placed.toSorted()).toEqual(tasks.map((t) => t.name).toSorted())
  for (const { name, stateful } of tasks) {
    const copies = [...result.clients.values()].filter(({ standby }) => standby.has(name)).length
    const holders = [...result.clients.values()].filter((c) => c.active.has(name) || c.standby.has(name)).length
    expect(holders).toBe(copies + 1)
    if (!stateful) expect(copies).toBe(0)
    else expect(copies).toBeGreaterThanOrEqual(Math.min(own.numStandbyReplicas, views.length - 1))
  }
  const warmups = [...result.clients.values()].reduce((sum, { standby }) => sum + standby.size, 0)
  const stateful = tasks.filter((t) => t.stateful).length
  expect(warmups).toBeLessThanOrEqual(stateful * own.numStandbyReplicas + own.maxWarmupReplicas)
  for (const view of views) {
    const given = result.clients.get(view.id)
    if (given === undefined) throw new Error(`process ${view.id} was forgotten`)
    const workers = spread(view, given, (task) => task.startsWith('0_'))
    const active = [...workers.values()].flatMap((w) => w.active)
    expect(active.toSorted()).toEqual([...given.active].toSorted())
    const sizes = [...workers.values()].map((w) => w.active.length)
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
    expect([...workers.values()].flatMap((w) => w.standby).toSorted()).toEqual([...given.standby].toSorted())
  }
}

function checkEven(result: Balance, tasks: readonly PlacedTask[], views: readonly ClientView[]): void {
  const workers = views.reduce((sum, view) => sum + view.workers.length, 0)
  for (const only of [tasks.filter((t) => t.stateful), tasks]) {
    for (const view of views) {
      const names = new Set(only.map((t) => t.name))
      const size = [...(result.clients.get(view.id)?.active ?? [])].filter((t) => names.has(t)).length
      expect(size).toBeGreaterThanOrEqual(Math.floor(only.length / workers) * view.workers.length)
      expect(size).toBeLessThanOrEqual(Math.ceil(only.length / workers) * view.workers.length)
    }
  }
}

function generator(seed: number): () => number {
  let state = seed + 0x9e3779b9
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
