/**
 * Joins of a table with another one by a foreign key. Two internal topics connect the sides: rows subscribe to the row
 * they refer to, and get answers (KIP-213).
 */
import { answerSubscribers, answerSubscription } from '../operator/foreign-key-join.ts'
import {
  foreignKeyResponsePartition,
  foreignKeyResponseSerde,
  subscriptionSerde,
} from '../operator/foreign-key-messages.ts'
import { receiveSubscriptions } from '../operator/foreign-key-receive.ts'
import { resolveResponses } from '../operator/foreign-key-resolve.ts'
import { sendSubscriptions } from '../operator/foreign-key-send.ts'
import { tableSource } from '../operator/table-source.ts'
import { bytes } from '../serde/bytes.ts'
import type { Serde } from '../serde/serde.ts'
import type { SerdeSpec } from '../topology/serde-spec.ts'
import type { StoreSpec } from '../topology/store-spec.ts'
import type { ProcessorNode } from '../topology/node.ts'
import { isVersioned, materialize, materializedSpec, requireShape, tableStore } from './materialized.ts'
import type { TableOptions } from './options.ts'
import { PlanNode } from './plan-node.ts'
import { sinkNode } from './sink-node.ts'
import { SourcePlanNode } from './source-node.ts'
import type { TableState } from './stream-state.ts'

export interface ForeignKeyRequest {
  readonly left: TableState
  readonly right: TableState
  /** True: left rows without a partner come out with null. */
  readonly outer: boolean
  readonly foreignKey: (value: never, key: never, context: never) => unknown
  readonly joiner: (left: never, right: never, key: never, context: never) => unknown
  /** Base of the names of nodes, topics and the subscription store. */
  readonly name: string | undefined
}

/** Where both internal topics meet the two sides. */
interface Exchange {
  readonly request: ForeignKeyRequest
  readonly topic: string
  readonly named: (suffix: string, prefix: string) => string
}

export function joinOnForeignKey(request: ForeignKeyRequest, options: TableOptions<any, any>): TableState {
  const { left, right } = request
  const { plan } = left
  requireShape(options, 'table', 'the result of a join')
  right.supplier.enableSendOldValues(true)
  left.supplier.enableSendOldValues(true)
  const named = (suffix: string, prefix: string): string => plan.nameOr(request.name, prefix, suffix)
  const topic = `${named('-subscription-registration', 'KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-')}-topic`
  plan.builder.addRepartitionTopic(topic, null)
  const exchange: Exchange = { request, topic, named }
  const registered = registerSubscriptions(exchange)
  const answers = answerFromRight(exchange, registered)
  return resolveOnLeft(exchange, answers, options)
}

/** Left side: subscriptions go into the registration topic. @returns its source on the right side */
function registerSubscriptions({ request, topic, named }: Exchange): SourcePlanNode {
  const { left, right, outer } = request
  const { plan } = left
  const supplier = sendSubscriptions({
    extractor: request.foreignKey as never,
    key: left.key,
    foreignKey: right.key,
    value: left.value,
    subscriptionTopic: topic,
    left: outer,
  })
  const sendName = named('-subscription-registration-processor', 'KTABLE-FK-JOIN-SUBSCRIPTION-REGISTRATION-')
  const send = singleNode(sendName, (defaults) => supplier.create(defaults))
  send.enableVersioned = () => {
    supplier.useVersionedSemantics = true
  }
  plan.add(left.node, send)
  const sinkName = named('-subscription-registration-sink', 'KTABLE-SINK-')
  const sink = sinkNode(sinkName, { topic, key: right.key, value: subscriptionSerde as Serde<unknown> })
  plan.add(send, sink)
  const sourceName = named('-subscription-registration-source', 'KTABLE-SOURCE-')
  const source = internalSource(sourceName, topic, right.key, subscriptionSerde as Serde<unknown>)
  plan.add(sink, source)
  plan.builder.copartition([...right.sources, sourceName])
  return source
}

/** Right side: subscriptions are kept and answered. @returns the source of the response topic on the left side */
function answerFromRight({ request, topic, named }: Exchange, registered: SourcePlanNode): SourcePlanNode {
  const { left, right } = request
  const { plan } = left
  const serdes = { key: left.key, foreignKey: right.key, subscriptionTopic: topic }
  const storeName = named('-subscription-store', 'KTABLE-FK-JOIN-SUBSCRIPTION-STATE-STORE-')
  plan.addStore(subscriptionStore(storeName))
  const receiveName = named('-subscription-receive', 'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-')
  const receiver = receiveSubscriptions({ ...serdes, store: storeName })
  const receive = singleNode(receiveName, receiver, [storeName])
  plan.add(registered, receive)

  const rows = right.supplier.valueGetterSupplier()
  const joinName = named('-subscription-join-foreign', 'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-')
  const join = singleNode(joinName, answerSubscription(rows), rows.storeNames)
  plan.add(receive, join)
  const changeName = named('-foreign-join-subscription', 'KTABLE-FK-JOIN-SUBSCRIPTION-PROCESSOR-')
  const answering = answerSubscribers({ ...serdes, store: storeName })
  const changes = singleNode(changeName, (defaults) => answering.create(defaults), [storeName])
  changes.enableVersioned = () => {
    answering.useVersionedSemantics = true
  }
  plan.add(right.node, changes)

  const responseTopic = `${named('-subscription-response', 'KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-')}-topic`
  plan.builder.addRepartitionTopic(responseTopic, null)
  const value = responseSerde(right.value)
  const sinkName = named('-subscription-response-sink', 'KTABLE-SINK-')
  const partitioner = foreignKeyResponsePartition as never
  const sink = sinkNode(sinkName, { topic: responseTopic, key: left.key, value, partitioner })
  plan.add([join, changes], sink)
  const sourceName = named('-subscription-response-source', 'KTABLE-SOURCE-')
  const source = internalSource(sourceName, responseTopic, left.key, value)
  plan.add(sink, source)
  plan.builder.copartition([...left.sources, sourceName])
  return source
}

/** Left side again: answers meet the rows they were made for; the result is a table. */
function resolveOnLeft(
  { request, topic, named }: Exchange,
  answers: SourcePlanNode,
  options: TableOptions<any, any>,
): TableState {
  const { left, outer } = request
  const { plan } = left
  const rows = left.supplier.valueGetterSupplier()
  const resolve = resolveResponses({
    table: rows,
    value: left.value,
    subscriptionTopic: topic,
    joiner: request.joiner as never,
    left: outer,
  })
  const resolverPrefix = 'KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR-'
  const resolver = singleNode(named('-subscription-response-resolver', resolverPrefix), resolve, rows.storeNames)
  plan.add(answers, resolver)
  const name = named('-result', 'KTABLE-FK-JOIN-OUTPUT-')
  const spec = materializedSpec(options)
  const materialized = materialize(plan, spec, { prefix: 'KTABLE-FK-JOIN-OUTPUT-', key: left.key, value: null })
  const { storeName, queryableName, key, value } = materialized
  const supplier = tableSource<unknown, unknown>({ store: storeName, materialized: queryableName !== null })
  const store = tableStore(materialized)
  const node = new PlanNode(name, (builder, parents) => {
    builder.addProcessor(name, parents, { create: () => supplier.create() })
    if (supplier.isMaterialized) builder.addStore(store, [name])
  })
  node.outputVersioned = isVersioned(spec)
  plan.add(resolver, node)
  const sources = new Set([...left.sources, answers.name])
  // As in Kafka the keys are read as those of the left table; the store may have a serde of its own.
  return { plan, name, node, key: left.key ?? key, value, sources, queryableName: storeName, supplier }
}

function singleNode(name: string, create: ProcessorNode['create'], stores: readonly string[] = []): PlanNode {
  return new PlanNode(name, (builder, parents) => {
    builder.addProcessor(name, parents, { create })
    for (const store of stores) builder.connect(name, store)
  })
}

function internalSource(name: string, topic: string, key: SerdeSpec, value: SerdeSpec): SourcePlanNode {
  return new SourcePlanNode(name, { topics: [topic], key, value })
}

function responseSerde(value: Serde<unknown> | null): SerdeSpec {
  if (value !== null) return foreignKeyResponseSerde(value) as Serde<unknown>
  return {
    late: (defaults) => (defaults.value === null ? null : (foreignKeyResponseSerde(defaults.value) as Serde<unknown>)),
  }
}

function subscriptionStore(name: string): StoreSpec {
  return {
    name,
    given: null,
    define: (settings) => ({
      kind: 'subscription',
      name,
      key: bytes() as Serde<unknown>,
      value: subscriptionSerde as Serde<unknown>,
      type: settings.suppliers === 'in-memory' ? 'memory' : 'disk',
      caching: false,
      cachingChosen: true,
      logging: true,
      logRecordHeaders: true,
    }),
  }
}
