/** The arguments of the simulation: whatever is not understood is refused, and never run as something else. */
import { expect, it } from 'vitest'
import { simulateArguments } from './simulate-arguments.ts'

it('takes what is given, and has a value for what is not', () => {
  expect(simulateArguments([])).toMatchObject({ seed: 1, runs: 100, mode: 'swarm', given: {}, minutes: Infinity })
  expect(simulateArguments(['--seed', '7'])).toMatchObject({ seed: 7, runs: 1 })
  const words = ['--guarantee', 'at-least-once', '--topology', 'count', '--given', '{"partitions":1}']
  expect(simulateArguments(words).given).toEqual({ guarantee: 'at-least-once', topology: 'count', partitions: 1 })
  expect(simulateArguments(['--full', '--share', '1/2']).share).toEqual({ index: 1, of: 2 })
})

it.each([
  [['--runs', 'abc'], '--runs: "abc" is not accepted; give a whole number from 1 on'],
  [['--runs', '0'], '--runs'],
  [['--runs', '1e3'], '--runs'],
  [['--seed', 'x'], '--seed'],
  [['--seed', ''], '--seed'],
  [['--mode', 'crush'], "give 'crash'"],
  [['--guarantee', 'maybe'], "'exactly-once', 'at-least-once'"],
  [['--topology', 'counts'], "give 'count'"],
  [['--planted', '--fault', 'ring-of'], "give 'ring-off'"],
  [['--fault', 'ring-off'], '--planted is required; give it with --fault'],
  [['--minutes', '5'], '--full is required'],
  [['--given', 'partitions'], 'an object in JSON'],
  [['--given', '{"partitons":1}'], 'did you mean "--given.partitions"'],
  [['--given', '{"topology":"counts"}'], "give 'count'"],
  [['--given', '{"kinds":["fire"]}'], '--given.kinds'],
  [['--plan', '{"seed":1}'], '--plan.nodes'],
  [['--plan', '@/nowhere/plan.json'], '/nowhere/plan.json'],
  [['--plans', '/nowhere'], '/nowhere'],
  [['--share', '2/2', '--full'], 'from 0 to 1'],
  [['--rums', '5'], '--rums'],
  [['5'], "'5'"],
])('refuses %j', (words, said) => {
  expect(() => simulateArguments(words)).toThrow(said)
})
