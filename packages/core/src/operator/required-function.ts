/**
 * Functions that users give to operators are looked at once, while the topology is drawn: in code without types an `async`
 * one would put promises where values belong, and a predicate would keep every record.
 *
 * Only functions declared `async` can be told apart here; a promise from any other function is refused by the serde.
 */
import { TopologyError } from '../errors.ts'

/**
 * @param where the operator, as the user writes it: `filter`
 * @returns the function
 * @throws {MR_TOPOLOGY_CALLBACK} (TopologyError) it is declared `async`, or is no function
 */
export function requireFunction<F>(where: string, given: F): F {
  if (typeof given === 'function' && !isAsync(given)) return given
  const what =
    typeof given === 'function'
      ? 'an async one'
      : given === null || given === undefined
        ? String(given)
        : `a value of type ${typeof given}`
  throw new TopologyError('MR_TOPOLOGY_CALLBACK', { where, given: what })
}

/**
 * Options that are functions and cannot be left out.
 *
 * @returns the options, for chaining
 * @throws {MR_TOPOLOGY_CALLBACK} (TopologyError) one is absent, `async`, or no function
 */
export function requireFunctions<T>(where: string, options: T, names: readonly (keyof T & string)[]): T {
  const given: Partial<T> = options ?? {}
  for (const name of names) requireFunction(`${where}, option ${name},`, given[name])
  return options
}

/** True for functions declared `async`. */
export function isAsync(given: unknown): boolean {
  return typeof given === 'function' && given.constructor.name.startsWith('Async')
}
