/** The arguments of the workload program, by the contract of the benchmark. */
import { expect, it } from 'vitest'
import { workloadArguments } from './workload-arguments.ts'

const needed = {
  workload: 'W3',
  bootstrap: '127.0.0.1:9092',
  'app-id': 'a',
  input: 'in',
  output: 'out',
  'state-dir': '/state',
}

const words = (more: Readonly<Record<string, string>>): string[] =>
  Object.entries({ ...needed, ...more }).flatMap(([name, value]) => [`--${name}`, value])

it('takes what the contract lists, and ignores what it does not', () => {
  const given = workloadArguments(words({ guarantee: 'eos', store: 'memory', 'commit-ms': '100', colour: 'red' }))
  expect(given).toMatchObject({ guarantee: 'exactly-once', store: 'memory', commitMs: 100, threads: 1 })
  expect(workloadArguments(words({ workload: 'W6', input: 'bids,items' })).input).toEqual(['bids', 'items'])
  expect(workloadArguments([...words({}), '--guarantee=alos', '--verbose']).guarantee).toBe('at-least-once')
})

it.each([
  [{ guarantee: 'exactly_once' }, "'alos', 'eos'"],
  [{ store: 'diks' }, "give 'disk'"],
  [{ workload: 'w3' }, "give 'W3'"],
  [{ bootstrap: 'localhost' }, 'host:port'],
  [{ input: 'a,b' }, '1 topic for W3'],
  [{ 'commit-ms': '1s' }, '--commit-ms: "1s" is not accepted; give a whole number from 1 on'],
  [{ threads: '0' }, '--threads'],
  [{ 'cache-bytes': '-1' }, '--cache-bytes'],
  [{ 'session-timeout-ms': 'long' }, '--session-timeout-ms'],
  [{ output: '' }, '--output is required'],
  [{ 'instance-id': '' }, '--instance-id is required'],
])('refuses %j', (wrong, said) => {
  expect(() => workloadArguments(words(wrong))).toThrow(said)
})

it('names what is missing, and an argument without its value', () => {
  expect(() => workloadArguments(['--workload', 'W3'])).toThrow('--bootstrap is required')
  expect(() => workloadArguments([...words({}), '--guarantee'])).toThrow('--guarantee is required')
})
