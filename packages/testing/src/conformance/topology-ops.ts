/** The ops of api `topology`: calls of the low-level Topology. */
import { type OffsetReset, Topology } from '@millrace/core'
import { partitioner, timestampExtractor, topicNameExtractor } from './extractors.ts'
import { UnknownSpec } from './java-errors.ts'
import { processorOf } from './processor-suppliers.ts'
import { serde } from './serdes.ts'
import type { StoreDefinitions } from './store-definitions.ts'
import type { Trace } from './trace.ts'
import type { TopologyOp } from './vector-ops.ts'
import type { OffsetReset as VectorReset, StoreDefinition as VectorStore } from './vector-parts.ts'
import type { Vector } from './vector.ts'

/** What ops of both APIs build with. */
export interface OpSurroundings {
  readonly trace: Trace
  readonly stores: StoreDefinitions
  /** Index of the op that is running; −1 = none. */
  at: number
}

export function buildTopologyOps(vector: Vector, surroundings: OpSurroundings): Topology {
  const topology = new Topology()
  vector.topology.forEach((op, i) => {
    surroundings.at = i
    apply(topology, op as TopologyOp, surroundings)
  })
  return topology
}

function apply(topology: Topology, op: TopologyOp, surroundings: OpSurroundings): void {
  const { stores, trace } = surroundings
  const library = { trace, kindOf: stores.kindOf }
  switch (op.op) {
    case 'addSource':
      topology.addSource(op.name, op.pattern === undefined ? op.topics : new RegExp(op.pattern), {
        ...serdes(op),
        ...reading(op),
      })
      return
    case 'addProcessor': {
      const supplier = { create: processorOf(op.processor, library), stores: provided(op.provides, stores) }
      topology.addProcessor(op.name, supplier, op.parents)
      return
    }
    case 'addSink':
      topology.addSink(op.name, op.topic ?? topicNameExtractor(op.topicName as string), op.parents, {
        ...serdes(op),
        ...(op.partitioner === undefined ? {} : { partitioner: partitioner(op.partitioner) }),
      })
      return
    case 'addStateStore':
      topology.addStateStore(stores.get(op.store), op.processors ?? [])
      return
    case 'connectProcessorAndStateStores':
      topology.connectProcessorAndStateStores(op.processor, op.stores)
      return
    case 'addGlobalStore':
    case 'addReadOnlyStateStore': {
      const source = op.source as string
      const fill = { topic: op.topic, source, name: op.name as string, processor: processorOf(op.processor, library) }
      topology[op.op](stores.get(op.store), { ...fill, ...serdes(op) })
      return
    }
    default:
      throw new UnknownSpec(`topology op "${(op as { readonly op: string }).op}"`)
  }
}

export function provided(
  stores: readonly VectorStore[] | undefined,
  known: StoreDefinitions,
): ReturnType<StoreDefinitions['get']>[] {
  return [...new Set((stores ?? []).map((store) => known.get(store)))]
}

function serdes(op: { readonly keySerde?: string; readonly valueSerde?: string }): object {
  return {
    ...(op.keySerde === undefined ? {} : { key: serde(op.keySerde) }),
    ...(op.valueSerde === undefined ? {} : { value: serde(op.valueSerde) }),
  }
}

/** Extractor and offset reset of a source. */
export function reading(op: { readonly timestampExtractor?: string; readonly offsetReset?: VectorReset }): object {
  return {
    ...(op.timestampExtractor === undefined ? {} : { timestampExtractor: timestampExtractor(op.timestampExtractor) }),
    ...(op.offsetReset === undefined ? {} : { offsetReset: offsetReset(op.offsetReset) }),
  }
}

function offsetReset(reset: VectorReset): OffsetReset {
  return reset === 'earliest' || reset === 'latest' || reset === 'none' ? reset : { durationMs: Number(reset) }
}
