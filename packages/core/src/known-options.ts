/**
 * Option objects are checked for names that nobody reads: in code without types a misspelt option would silently do
 * nothing. Done while a topology is drawn, never per record.
 *
 * `optionNames` keeps the lists equal to the interfaces: the compiler refuses one that lacks a name or has one too many.
 */
import { nearestName } from './error/nearest-name.ts'
import { TopologyError } from './errors.ts'
import { isAsync, requireFunction } from './operator/required-function.ts'

/** The names of an options interface, complete by type. */
export function optionNames<T>(names: { readonly [Name in keyof Required<T>]: true }): readonly string[] {
  return Object.keys(names)
}

/**
 * Refuses names that are not in the list, and what is no object at all.
 *
 * @param where the function that takes the options, as the user writes it: `count`, `keyValueStore("counts")`
 * @returns the options, for chaining
 * @throws {MR_TOPOLOGY_OPTION} (TopologyError) the text has the name, the nearest known one, and the place
 * @throws {MR_TOPOLOGY_CALLBACK} (TopologyError) a function among them is declared `async`
 */
export function requireKnown<T>(options: T, known: readonly string[], where: string): T {
  if (options === undefined) return options
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const given = typeof options === 'string' ? `"${options}"` : options === null ? 'null' : `a ${typeof options}`
    throw new TopologyError('MR_TOPOLOGY_OPTIONS', { where, given, known: known.join(', ') })
  }
  for (const [option, value] of Object.entries(options)) {
    if (known.includes(option)) {
      if (isAsync(value)) requireFunction(`${where}, option ${option}`, value)
      continue
    }
    const nearest = nearestName(option, known)
    throw new TopologyError('MR_TOPOLOGY_OPTION', { where, option, nearest, known: known.join(', ') })
  }
  return options
}

/**
 * Refuses an argument of a wrong kind, which code without types may give.
 *
 * @param isRight what is asked of it
 * @throws {MR_TOPOLOGY_ARGUMENT} (TopologyError) the text has the place, what is accepted, and what was given
 */
export function requireArgument(
  isRight: boolean,
  given: unknown,
  expected: { readonly where: string; readonly accepted: string },
): void {
  if (isRight) return
  const text =
    typeof given === 'string'
      ? `"${given}"`
      : typeof given === 'function'
        ? `the function ${given.name}`
        : given === null || typeof given !== 'object'
          ? String(given)
          : `an object with ${Object.keys(given).join(', ') || 'nothing in it'}`
  throw new TopologyError('MR_TOPOLOGY_ARGUMENT', { ...expected, given: text })
}
