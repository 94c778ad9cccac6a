/** Expressions of FORMAT.md: steps separated by `|`, over a current value that starts as the record's value. */
import { classCast, illegalState, numberFormat, UnknownSpec } from './java-errors.ts'
import { isWindowed, longText, text } from './text.ts'

export type Expression = (key: unknown, value: unknown) => unknown

/** `name:argument`, split at the first colon; the argument is empty when there is none. */
export function splitSpec(spec: string): readonly [name: string, argument: string] {
  const colon = spec.indexOf(':')
  return colon < 0 ? [spec, ''] : [spec.slice(0, colon), spec.slice(colon + 1)]
}

/** A value as a number: a long, or the text of one. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return value
  const digits = text(value)
  if (!/^[+-]?\d+$/.test(digits)) throw numberFormat(`not a number: ${digits}`)
  return Number(digits)
}

type Step = (current: unknown, key: unknown, value: unknown) => unknown
/** Steps that take any current value, also null. */
const anyValue: Readonly<Record<string, (argument: string) => Step>> = {
  value: () => (_current, _key, value) => value,
  key: () => (_current, key) => key,
  'key-value': () => (_current, key, value) => `${text(key)}:${text(value)}`,
  const: (argument) => () => argument,
  'const-long': (argument) => () => Number(argument),
  null: () => () => null,
  'null-if': (argument) => (current) => (text(current) === argument ? null : current),
  'throw-if': (argument) => (current) => {
    if (current !== null && text(current) === argument) throw illegalState(`throw-if:${argument}`)
    return current
  },
  append: (argument) => (current) => text(current) + argument,
  prepend: (argument) => (current) => argument + text(current),
  text: () => (current) => text(current),
}

/** Steps for which null stays null. */
const notNull: Readonly<Record<string, (argument: string) => (current: unknown) => unknown>> = {
  upper: () => (current) => text(current).toUpperCase(),
  lower: () => (current) => text(current).toLowerCase(),
  reverse: () => (current) => Array.from(text(current)).toReversed().join(''),
  first: () => (current) => text(current).slice(0, 1),
  rest: () => (current) => text(current).slice(1),
  length: () => (current) => String(text(current).length),
  'length-long': () => (current) => text(current).length,
  field: (argument) => (current) => {
    const part = text(current).split(',')[Number(argument)]
    return part === undefined || part === '' ? null : part
  },
  long: () => (current) => toNumber(text(current)),
  plus: (argument) => (current) => toNumber(current) + Number(argument),
  mod: (argument) => (current) => {
    const divisor = Number(argument)
    return String(((toNumber(current) % divisor) + divisor) % divisor)
  },
  'window-key': () => (current) => windowed(current).key,
  'window-start': () => (current) => longText(windowed(current).window.startMs),
  'window-end': () => (current) => longText(windowed(current).window.endMs),
}

/** @throws UnknownSpec for a step that FORMAT.md does not know */
export function expression(spec: string): Expression {
  const steps = spec.split('|').map(step)
  return (key, value) => {
    let current = value
    for (const each of steps) current = each(current, key, value)
    return current
  }
}

function step(spec: string): Step {
  const [name, argument] = splitSpec(spec)
  const any = anyValue[name]
  if (any !== undefined) return any(argument)
  const other = notNull[name]
  if (other === undefined) throw new UnknownSpec(`expression step "${spec}"`)
  const run = other(argument)
  return (current) => (current === null ? null : run(current))
}

function windowed(value: unknown): {
  readonly key: unknown
  readonly window: { readonly startMs: number; readonly endMs: number }
} {
  if (!isWindowed(value)) throw classCast('not a windowed key')
  return value
}
