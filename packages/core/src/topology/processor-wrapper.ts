/**
 * Code around every processor of a topology, those of DSL operators and of global stores too: to trace, to measure, to
 * replace one in a test. The builder asks the wrapper once for each processor node, when it writes the node; without a
 * wrapper nodes stay as they are, so that records pay nothing.
 */
import { optionNames, requireArgument, requireKnown } from '../known-options.ts'
import { requireFunction } from '../operator/required-function.ts'
import type { FixedKeyProcessor, Processor, ProcessorSupplier } from '../processor/processor.ts'
import type { StoreDefinition } from '../store/definition.ts'
import type { ProcessorNode, SerdeDefaults } from './node.ts'
import { creator, storesOf, uncheckedCreator } from './supplier.ts'

/** What a wrapper gets: `create` makes the processor of one task, `stores` are those that the user's supplier brings. */
export interface WrappedSupplier<P> {
  create(this: void): P
  readonly stores: readonly StoreDefinition<any, any>[]
}

/**
 * Wraps or replaces the processors of a topology. Each function is called once per node, with the node's name, and answers
 * the supplier to take, which may be the one that it got. Names, connections and stores of the nodes stay: the stores of
 * the supplier are connected whether or not the answer lists them, and those that the answer adds are connected too.
 *
 * Processors of operators need the very context that they got in `init`: hand it on, do not replace it. `process`
 * stays synchronous, and what it costs is paid for every record.
 *
 * @see KIP-1112
 */
export interface ProcessorWrapper {
  /** For processors whose key may change, those of tables, joins, aggregations and global stores. */
  wrapProcessor?(name: string, supplier: WrappedSupplier<Processor>): ProcessorSupplier<Processor>
  /**
   * For `processValues`, and the operators of streams that keep the key: `filter`, `mapValues`, `flatMapValues`,
   * `peek`, `toStream`.
   */
  wrapFixedKeyProcessor?(
    name: string,
    supplier: WrappedSupplier<FixedKeyProcessor>,
  ): ProcessorSupplier<FixedKeyProcessor>
}

const wrapperNames = optionNames<ProcessorWrapper>({ wrapProcessor: true, wrapFixedKeyProcessor: true })

/** What the builder knows of a processor. */
export interface WrappableSpec {
  readonly create: ProcessorNode['create']
  /** The node is wrapped as a fixed-key processor. */
  readonly keepsKey: boolean
  readonly stores: readonly StoreDefinition[]
}

/**
 * Checks what the option `processorWrapper` was given. An instance of a class may have other members.
 *
 * @returns the wrapper, null when there is none
 * @throws {MR_TOPOLOGY_ARGUMENT} (TopologyError) no object with one of the two functions
 * @throws {MR_TOPOLOGY_OPTION} (TopologyError) a plain object with another name in it
 * @throws {MR_TOPOLOGY_CALLBACK} (TopologyError) one of the two is no function, or an async one
 */
export function givenWrapper(given: ProcessorWrapper | undefined): ProcessorWrapper | null {
  if (given === undefined) return null
  const expected = { where: 'processorWrapper', accepted: '{ wrapProcessor, wrapFixedKeyProcessor } or one of them' }
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  requireArgument(isObject, given, expected)
  if (isPlain(given)) requireKnown(given, wrapperNames, 'processorWrapper')
  const members = given as Readonly<Record<string, unknown>>
  const present = wrapperNames.filter((name) => members[name] !== undefined)
  requireArgument(present.length > 0, given, expected)
  for (const name of present) requireFunction(`processorWrapper.${name}`, members[name])
  return given
}

/**
 * The processor of a node as the wrapper wants it.
 *
 * @throws {MR_TOPOLOGY_ARGUMENT} (TopologyError) the wrapper answered no supplier; the text has the node
 * @throws {MR_TOPOLOGY_SUPPLIER} (TopologyError) the supplier answers one object twice
 */
export function wrapSpec(wrapper: ProcessorWrapper, name: string, spec: WrappableSpec): WrappableSpec {
  const wrap = spec.keepsKey ? 'wrapFixedKeyProcessor' : 'wrapProcessor'
  if (wrapper[wrap] === undefined) return spec
  // Default serdes are known when a task makes its processors, and the wrapper's supplier has no place for them.
  let known: SerdeDefaults = { key: null, value: null }
  const supplier = { create: () => spec.create(known) as never, stores: spec.stores }
  const answer = wrapper[wrap](name, supplier) as ProcessorSupplier
  if ((answer as unknown) === supplier) return spec
  const where = `A processor from ${wrap}("${name}")`
  // Operators that need default serdes cannot be made yet.
  const create = spec.create.length === 0 ? creator(answer, where) : uncheckedCreator(answer, where)
  return {
    keepsKey: spec.keepsKey,
    create: (defaults) => {
      known = defaults
      return create()
    },
    stores: [...new Set([...spec.stores, ...storesOf(answer)])],
  }
}

function isPlain(given: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(given)
  return prototype === Object.prototype || prototype === null
}
