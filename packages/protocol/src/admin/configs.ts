/** Configuration of topics and brokers: read and change. */
import { describeConfigs as describeConfigsApi, incrementalAlterConfigs } from '../codec/apis.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { assertNoError } from '../cluster/response-error.ts'
import { type AdminOptions, callController } from './controller-call.ts'

/** Whose configuration. */
export interface ConfigResource {
  readonly kind: 'topic' | 'broker'
  /** Topic name, or broker id as text. */
  readonly name: string
}

/** One entry as it is in force. */
export interface ConfigEntry {
  readonly name: string
  /** Null when it is sensitive, or has no value. */
  readonly value: string | null
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  /** True when nobody set it for this resource. */
  readonly isDefault: boolean
}

/** A resource with its entries by name. */
export interface ResourceConfig {
  readonly resource: ConfigResource
  readonly entries: ReadonlyMap<string, ConfigEntry>
}

/** A change: `set` a value, or `delete` it so that the default is in force again. */
export interface ConfigChange {
  readonly name: string
  readonly operation: 'set' | 'delete'
  readonly value?: string
}

/**
 * Reads configurations, in the order asked.
 *
 * @param names only these entries; all when left out
 * @throws {MR_PROTOCOL_RESPONSE} {MR_PROTOCOL_AUTHORIZATION} for the first resource that cannot be read
 */
export async function describeConfigs(
  cluster: Cluster,
  resources: readonly ConfigResource[],
  options: AdminOptions & { readonly names?: readonly string[] } = {},
): Promise<ResourceConfig[]> {
  const topics = resources.filter(({ kind }) => kind === 'topic')
  const groups = [
    ...(topics.length > 0 ? [topics] : []),
    ...resources.filter((one) => one.kind === 'broker').map((one) => [one]),
  ]
  const found = (await Promise.all(groups.map(async (group) => describeAt(cluster, group, options)))).flat()
  return resources.map((resource) => found.find((one) => one.resource === resource)!)
}

/** Topics, which any broker knows, or one broker, which must be asked itself. */
async function describeAt(
  cluster: Cluster,
  resources: readonly ConfigResource[],
  options: AdminOptions & { readonly names?: readonly string[] },
): Promise<ResourceConfig[]> {
  const configurationKeys = options.names === undefined ? null : [...options.names]
  const body = {
    resources: resources.map(({ kind, name }) => ({
      resourceType: resourceTypes[kind],
      resourceName: name,
      configurationKeys,
    })),
  }
  const node = nodeOf(resources[0]!)
  return callController(cluster, { api: describeConfigsApi, body, options, node }, (response) =>
    resources.map((resource) => {
      const found = response.results.find((one) => one.resourceName === resource.name)
      const what = `${resource.kind} "${resource.name}"`
      assertNoError(found?.errorCode ?? -1, { api: 'DescribeConfigs', what, message: found?.errorMessage })
      const entries = (found?.configs ?? []).map((config): [string, ConfigEntry] => [
        config.name,
        {
          name: config.name,
          value: config.value,
          isReadOnly: config.readOnly,
          isSensitive: config.isSensitive,
          isDefault: config.configSource !== ownSource[resource.kind],
        },
      ])
      return { resource, entries: new Map(entries) }
    }),
  )
}

/** Changes single entries and leaves the others alone. Errors as `describeConfigs`. */
export async function alterConfigs(
  cluster: Cluster,
  resource: ConfigResource,
  changes: readonly ConfigChange[],
  options: AdminOptions = {},
): Promise<void> {
  const body = {
    resources: [
      {
        resourceType: resourceTypes[resource.kind],
        resourceName: resource.name,
        configs: changes.map(({ name, operation, value }) => ({
          name,
          configOperation: operation === 'set' ? 0 : 1,
          value: value ?? null,
        })),
      },
    ],
    validateOnly: false,
  }
  await callController(cluster, { api: incrementalAlterConfigs, body, options, node: nodeOf(resource) }, (response) => {
    for (const { errorCode, errorMessage } of response.responses) {
      const what = `${resource.kind} "${resource.name}"`
      assertNoError(errorCode, { api: 'IncrementalAlterConfigs', what, message: errorMessage })
    }
  })
}

const resourceTypes = { topic: 2, broker: 4 } as const
/** `ConfigEntry.ConfigSource` of a value set for the resource itself. */
const ownSource = { topic: 1, broker: 2 } as const

/** A broker answers for itself; topics are answered by any. */
function nodeOf({ kind, name }: ConfigResource): number | undefined {
  return kind === 'broker' ? Number(name) : undefined
}
