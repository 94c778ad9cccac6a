/** `split`: one stream into several by predicates, first match wins; a type guard narrows its branch. */
import { branchStream } from '../operator/branch.ts'
import { passThrough } from '../operator/pass-through.ts'
import { TopologyError } from '../errors.ts'
import { requireArgument, requireKnown } from '../known-options.ts'
import { requireFunction } from '../operator/required-function.ts'
import type { RecordContext } from '../processor/processor.ts'
import type { KStream } from './k-stream.ts'
import { requireName } from './names.ts'
import type { NameOptions } from './options.ts'
import { type StreamState, appended, processorNode } from './stream-state.ts'

/** True for the records that a branch takes; the condition `true` takes what no other branch wants. */
export type BranchPredicate<K, V> = true | ((value: V, key: K, context: RecordContext) => boolean)

/** A condition, or one with a name of its own for the branch's node. */
export type BranchCondition<K, V> =
  | BranchPredicate<K, V>
  | {
      readonly when: BranchPredicate<K, V>
      /** Comes behind the name of the split; default the property's name, null = the branch's number. */
      readonly name: string | null
    }

type Narrowed<V, C> = C extends ((value: any, ...rest: any[]) => value is infer Guarded)
  ? Guarded
  : C extends { readonly when: (value: any, ...rest: any[]) => value is infer Guarded }
    ? Guarded
    : V

/** One stream per condition, under the same names. */
export type Branches<K, V, Conditions> = {
  readonly [Name in keyof Conditions]: KStream<K, Narrowed<V, Conditions[Name]>>
}

type AnyCondition = BranchCondition<unknown, unknown>

/** @throws {MR_TOPOLOGY_UNSUPPORTED} more than one branch takes the rest */
export function splitStream(
  state: StreamState,
  conditions: Readonly<Record<string, AnyCondition>>,
  options: NameOptions,
): Record<string, StreamState> {
  const { plan } = state
  const accepted = '{ small: (value) => value < 10, rest: true }'
  requireArgument(typeof conditions === 'object' && conditions !== null, conditions, { where: 'split', accepted })
  const name = plan.nameOr(options.name, 'KSTREAM-BRANCH-')
  const given = Object.entries(conditions).map(([property, condition]) => ({
    property,
    ...branchOf(property, condition),
  }))
  for (const { property, when } of given) if (when !== true) requireFunction(`split, branch "${property}",`, when)
  const rest = given.filter(({ when }) => when === true)
  if (rest.length > 1) {
    const reason = `the branches ${rest.map(({ property }) => `"${property}"`).join(' and ')} both take the rest`
    throw new TopologyError('MR_TOPOLOGY_UNSUPPORTED', { what: `split "${name}"`, reason })
  }
  const chosen = given.filter(({ when }) => when !== true)
  const named = [...chosen, ...rest].map((branch) => ({
    ...branch,
    child: name + (branch.suffix ?? String(branch.when === true ? 0 : chosen.indexOf(branch) + 1)),
  }))
  const supplier = branchStream<unknown, unknown>(
    named.flatMap(({ when, child }) => (when === true ? [] : [{ predicate: when, child }])),
    named.find(({ when }) => when === true)?.child ?? null,
  )
  const splitter = processorNode({ name, create: () => supplier() })
  plan.add(state.node, splitter)
  return Object.fromEntries(
    named.map(({ property, child }) => {
      plan.nextName(child)
      const node = processorNode({ name: child, create: () => passThrough<unknown, unknown>()() })
      return [property, appended({ ...state, node: splitter }, node, {})]
    }),
  )
}

function branchOf(
  property: string,
  condition: AnyCondition,
): { readonly when: BranchPredicate<unknown, unknown>; readonly suffix: string | null } {
  if (typeof condition === 'object') {
    requireKnown(condition, ['when', 'name'], `branch "${property}"`)
    return { when: condition.when, suffix: condition.name }
  }
  return { when: condition, suffix: requireName(property) }
}
