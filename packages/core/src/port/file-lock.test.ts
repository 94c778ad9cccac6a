import { expect, it } from 'vitest'
import { type LockFiles, type LockSystem, takeFileLock } from './file-lock.ts'

const path = 'dir/lock.json'
const failure = (code: string): Error => Object.assign(new Error(code), { code })

/** Files and processes in memory; `before` is called ahead of every call. */
class World {
  readonly files = new Map<string, string>()
  readonly alive = new Map<number, string>()
  before: () => void = () => undefined
  calls = 0
  #marks = 0

  start(pid: number): void {
    this.alive.set(pid, `${pid * 7}`)
  }

  system(pid: number): LockSystem {
    const step = <T>(run: () => T): T => {
      this.calls++
      this.before()
      return run()
    }
    const need = (name: string): string => {
      const proc = /^\/proc\/(\d+)\/stat$/.exec(name)
      const started = proc === null ? undefined : this.alive.get(Number(proc[1]))
      const text =
        started === undefined ? this.files.get(name) : `1 (a) b) S ${Array(18).fill('0').join(' ')} ${started} 0`
      if (text === undefined) throw failure('ENOENT')
      return text
    }
    const files: LockFiles = {
      readFileSync: (name) => step(() => need(name)),
      writeFileSync: (name, text, { flag }) =>
        step(() => {
          if (flag === 'wx' && this.files.has(name)) throw failure('EEXIST')
          this.files.set(name, text)
        }),
      linkSync: (from, to) =>
        step(() => {
          if (this.files.has(to)) throw failure('EEXIST')
          this.files.set(to, need(from))
        }),
      renameSync: (from, to) =>
        step(() => {
          this.files.set(to, need(from))
          this.files.delete(from)
        }),
      unlinkSync: (name) =>
        step(() => {
          if (!this.files.delete(name)) throw failure('ENOENT')
        }),
    }
    const kill = (of: number): void => {
      if (!this.alive.has(of)) throw failure('ESRCH')
    }
    return { files, process: { pid, kill }, mark: `m${++this.#marks}` }
  }
}

/** What may lie there already: nothing, locks of dead processes of all ages, half a lock, a takeover that was killed. */
const leftovers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  nothing: {},
  'the lock of a dead process': { [path]: '{"pid":99,"started":"5","mark":"x"}' },
  'a lock whose pid is another process now': { [path]: '{"pid":1,"started":"5","mark":"x"}' },
  'a bare pid': { [path]: '99' },
  'half a lock': { [path]: '{"pi' },
  'an interrupted takeover': { [path]: '99', [`${path}.takeover`]: '{"pid":98,"started":"4","mark":"y"}' },
}

it.each(Object.entries(leftovers))('is held by one of two, wherever the second comes in between: %s', (_, present) => {
  for (let at = 1; ; at++) {
    const world = new World()
    for (const [name, text] of Object.entries(present)) world.files.set(name, text)
    world.start(1)
    world.start(2)
    const held: number[] = []
    let second: ReturnType<typeof takeFileLock> | null = null
    world.before = (): void => {
      if (world.calls !== at) return
      world.before = (): void => undefined
      second = takeFileLock(path, world.system(2))
      if ('release' in second) held.push(2)
    }
    const first = takeFileLock(path, world.system(1))
    if ('release' in first) held.push(1)
    if (second === null) break
    expect(held, `the second came before call ${at}`).toHaveLength(1)
    expect(JSON.parse(world.files.get(path) ?? '')).toMatchObject({ pid: held[0] })
    expect([...world.files.keys()]).toEqual([path])
  }
})

it('is held by one of three that find it stale, the third coming while the second is at it', () => {
  for (let at = 1; at < 40; at++) {
    for (let then = 1; then < 40; then++) {
      const world = new World()
      world.files.set(path, '99')
      const held: number[] = []
      const take = (pid: number): void => void ('release' in takeFileLock(path, world.system(pid)) && held.push(pid))
      for (const pid of [1, 2, 3]) world.start(pid)
      world.before = (): void => {
        if (world.calls !== at) return
        world.before = (): void => {
          if (world.calls !== at + then) return
          world.before = (): void => undefined
          take(3)
        }
        take(2)
      }
      take(1)
      expect(held, `second at ${at}, third ${then} later`).toHaveLength(1)
    }
  }
})

it('names the living owner, this process too', () => {
  const world = new World()
  world.start(1)
  world.start(2)
  const lock = takeFileLock(path, world.system(1))
  expect(takeFileLock(path, world.system(2))).toMatchObject({ pid: 1 })
  expect(takeFileLock(path, world.system(1))).toMatchObject({ pid: 1 })
  if ('release' in lock) lock.release()
  expect(takeFileLock(path, world.system(2))).toHaveProperty('release')
})

it('is given back only by its owner', () => {
  const world = new World()
  world.start(1)
  const lost = takeFileLock(path, world.system(1))
  world.files.clear()
  expect(takeFileLock(path, world.system(1))).toHaveProperty('release')
  if ('release' in lost) lost.release()
  expect(world.files.has(path)).toBe(true)
})

it('is not blocked by a lock without start that has our own pid: its writer is gone', () => {
  const world = new World()
  world.start(1)
  world.files.set(path, '1')
  expect(takeFileLock(path, world.system(1))).toHaveProperty('release')
})
