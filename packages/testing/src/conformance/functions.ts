/** Predicates, lists, aggregators, mergers and joiners of FORMAT.md. */
import { splitSpec, toNumber } from './expression.ts'
import { illegalState, UnknownSpec } from './java-errors.ts'
import { text } from './text.ts'

/** One function of a library, made from its argument. */
type Library<F> = Readonly<Record<string, (argument: string) => F>>

function find<F>(library: Library<F>, kind: string, spec: string): F {
  const [name, argument] = splitSpec(spec)
  const make = library[name]
  if (make === undefined) throw new UnknownSpec(`${kind} "${spec}"`)
  return make(argument)
}

// ------------------------------------------------------------------ predicates

export type PredicateFunction = (key: unknown, value: unknown) => boolean

const predicates: Library<PredicateFunction> = {
  true: () => () => true,
  false: () => () => false,
  'value-null': () => (_key, value) => value === null,
  'value-not-null': () => (_key, value) => value !== null,
  'key-null': () => (key) => key === null,
  'key-not-null': () => (key) => key !== null,
  'value-eq': (argument) => (_key, value) => value !== null && text(value) === argument,
  'value-starts': (argument) => (_key, value) => value !== null && text(value).startsWith(argument),
  'value-contains': (argument) => (_key, value) => value !== null && text(value).includes(argument),
  'value-length-odd': () => (_key, value) => value !== null && text(value).length % 2 === 1,
  'value-gt': (argument) => (_key, value) => value !== null && toNumber(value) > Number(argument),
  'key-eq': (argument) => (key) => key !== null && text(key) === argument,
  'key-starts': (argument) => (key) => key !== null && text(key).startsWith(argument),
  'throw-if': (argument) => (_key, value) => {
    if (value !== null && text(value) === argument) throw illegalState(`throw-if:${argument}`)
    return true
  },
}

export function predicate(spec: string): PredicateFunction {
  return find(predicates, 'predicate', spec)
}

// ------------------------------------------------------------------ lists

/** Null: the function returns null where a list is expected. */
export type ListFunction = (value: unknown) => unknown[] | null

const lists: Library<ListFunction> = {
  split: (argument) => (value) => (value === null ? [] : text(value).split(argument === '' ? ' ' : argument)),
  dup: (argument) => (value) => Array.from({ length: Number(argument) }, (_, i) => `${text(value)}#${i}`),
  chars: () => (value) => (value === null ? [] : text(value).split('')),
  same: () => (value) => [value],
  none: () => () => [],
  null: () => () => null,
}

export function listFunction(spec: string): ListFunction {
  return find(lists, 'list function', spec)
}

// ------------------------------------------------------------------ aggregators and reducers

export type AggregatorFunction = (key: unknown, value: unknown, aggregate: unknown) => unknown

const numberOrZero = (value: unknown): number => (value === null ? 0 : toNumber(value))

const aggregators: Library<AggregatorFunction> = {
  add: () => (_key, value, aggregate) => `${text(aggregate)}+${text(value)}`,
  sub: () => (_key, value, aggregate) => `${text(aggregate)}-${text(value)}`,
  concat: (argument) => (_key, value, aggregate) => text(aggregate) + argument + text(value),
  'key-add': () => (key, value, aggregate) => `${text(aggregate)}+${text(key)}:${text(value)}`,
  sum: () => (_key, value, aggregate) => numberOrZero(aggregate) + numberOrZero(value),
  minus: () => (_key, value, aggregate) => numberOrZero(aggregate) - numberOrZero(value),
  inc: () => (_key, _value, aggregate) => numberOrZero(aggregate) + 1,
  dec: () => (_key, _value, aggregate) => numberOrZero(aggregate) - 1,
  'dec-null': () => (_key, _value, aggregate) => (toNumber(aggregate) <= 1 ? null : toNumber(aggregate) - 1),
  last: () => (_key, value) => value,
  keep: () => (_key, _value, aggregate) => aggregate,
  max: () => (_key, value, aggregate) => (aggregate === null || text(value) > text(aggregate) ? value : aggregate),
  min: () => (_key, value, aggregate) => (aggregate === null || text(value) < text(aggregate) ? value : aggregate),
  'null-if': (argument) => (_key, value, aggregate) =>
    value !== null && text(value) === argument ? null : `${text(aggregate)}+${text(value)}`,
  'throw-if': (argument) => (_key, value, aggregate) => {
    if (value !== null && text(value) === argument) throw illegalState(`throw-if:${argument}`)
    return `${text(aggregate)}+${text(value)}`
  },
}

export function aggregator(spec: string): AggregatorFunction {
  return find(aggregators, 'aggregator', spec)
}

// ------------------------------------------------------------------ mergers and joiners

export type MergerFunction = (key: unknown, one: unknown, two: unknown) => unknown

const mergers: Library<MergerFunction> = {
  amp: () => (_key, one, two) => `${text(one)}&${text(two)}`,
  concat: () => (_key, one, two) => (one === null ? '' : text(one)) + (two === null ? '' : text(two)),
  sum: () => (_key, one, two) => numberOrZero(one) + numberOrZero(two),
  one: () => (_key, one) => one,
  two: () => (_key, _one, two) => two,
}

export function merger(spec: string): MergerFunction {
  return find(mergers, 'merger', spec)
}

export type JoinerFunction = (key: unknown, left: unknown, right: unknown) => unknown

const joiners: Library<JoinerFunction> = {
  bar: () => (_key, left, right) => `${text(left)}|${text(right)}`,
  'key-bar': () => (key, left, right) => `${text(key)}:${text(left)}|${text(right)}`,
  left: () => (_key, left) => left,
  right: () => (_key, _left, right) => right,
  sum: () => (_key, left, right) => numberOrZero(left) + numberOrZero(right),
  'null-if-right': (argument) => (_key, left, right) =>
    text(right) === argument ? null : `${text(left)}|${text(right)}`,
  'throw-if-left': (argument) => (_key, left, right) => {
    if (text(left) === argument) throw illegalState(`throw-if-left:${argument}`)
    return `${text(left)}|${text(right)}`
  },
}

export function joiner(spec: string): JoinerFunction {
  return find(joiners, 'joiner', spec)
}
