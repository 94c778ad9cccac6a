/** Runs one vector: builds its topology, drives its steps, and says how what happened differs from what is expected. */
import type { BuiltTopology } from '@millrace/core/internal'
import type { Topology } from '@millrace/core'
import { encodeUtf8 } from '@millrace/core/internal'
import { TopologyTestDriver } from '../driver/topology-test-driver.ts'
import { firstDifference } from './compare.ts'
import { driverOptions } from './configuration.ts'
import { outputRecord } from './decoding.ts'
import { buildDslOps } from './dsl-ops.ts'
import { UnknownSpec } from './java-errors.ts'
import type { Observed } from './observed.ts'
import { fromJson, serde } from './serdes.ts'
import { StoreDefinitions } from './store-definitions.ts'
import { storeContents } from './store-contents.ts'
import { fromHex } from './text.ts'
import { buildTopologyOps, type OpSurroundings } from './topology-ops.ts'
import { Trace } from './trace.ts'
import type { Header, Step, StoreContent, Value, Vector } from './vector.ts'

/** The first difference, or null when the vector passes. Never throws: whatever goes wrong is a difference. */
export function runVector(vector: Vector): string | null {
  try {
    return firstDifference(vector, new VectorRun(vector).run())
  } catch (error) {
    return error instanceof UnknownSpec ? `not known: ${error.message}` : `interpreter: ${(error as Error).stack}`
  }
}

class VectorRun {
  private readonly vector: Vector
  private readonly trace = new Trace()
  private readonly observed: Observed = { branches: [], reads: [], trace: this.trace.lines }
  private readonly applicationId: string

  constructor(vector: Vector) {
    this.vector = vector
    this.applicationId = vector.config?.['application.id'] ?? 'app'
  }

  run(): Observed {
    const topology = this.build()
    if (topology === null) return this.observed
    this.observed.description = topology.describe().split('\n')
    this.observed.output = {}
    const driver = this.start(topology)
    if (driver === null) return this.observed
    const failed = !this.runSteps(driver)
    if (!failed) this.observed.stores = this.allStores(driver)
    this.observed.metrics = this.metrics(driver)
    this.trace.step = -2
    this.attempt('close', () => driver.close())
    return this.observed
  }

  private build(): Topology | null {
    const { vector, trace, observed } = this
    const surroundings: OpSurroundings = { trace, stores: new StoreDefinitions(), at: -1 }
    try {
      if (vector.api === 'topology') return buildTopologyOps(vector, surroundings)
      return buildDslOps(vector, surroundings, observed.branches)
    } catch (error) {
      if (error instanceof UnknownSpec) throw error
      observed.error = { phase: 'build', error, ...(surroundings.at < 0 ? {} : { op: surroundings.at }) }
      return null
    }
  }

  private start(topology: Topology): TopologyTestDriver | null {
    let driver: TopologyTestDriver | null = null
    this.attempt('start', () => {
      driver = new TopologyTestDriver(topology, driverOptions(this.vector))
    })
    return driver
  }

  /** @returns false if a step failed; the run stops there */
  private runSteps(driver: TopologyTestDriver): boolean {
    this.capture(driver)
    return this.vector.steps.every((step, i) => {
      this.trace.step = i
      const done = this.attempt('step', () => this.step(driver, step))
      // Also after an error: what earlier rounds of the step wrote, as far as the driver has taken it.
      this.capture(driver)
      return done
    })
  }

  private step(driver: TopologyTestDriver, step: Step): void {
    if ('pipe' in step) {
      const { topic, key, value, ts, headers } = step.pipe
      const [keySerde, valueSerde] = this.serdesOf(topic)
      const bytes = (spec: string, json: Value): Uint8Array | null =>
        json === null ? null : serde(spec).serialize(fromJson(spec, json), topic)
      const record = { key: bytes(keySerde, key), value: bytes(valueSerde, value) }
      driver.pipeRaw(topic, { ...record, timestampMs: ts, headers: headersOf(headers) })
    } else if ('pipeRaw' in step) {
      const { topic, keyHex, valueHex, ts, headers } = step.pipeRaw
      const record = {
        key: keyHex === null ? null : fromHex(keyHex),
        value: valueHex === null ? null : fromHex(valueHex),
      }
      driver.pipeRaw(topic, { ...record, timestampMs: ts, headers: headersOf(headers) })
    } else if ('advanceWallClock' in step) {
      driver.advanceWallClock(step.advanceWallClock)
    } else if ('readStore' in step) {
      const store = step.readStore
      const read = { step: this.trace.step, store }
      const content = this.allStores(driver)[store]
      this.observed.reads.push(content === undefined ? { ...read, missing: true } : { ...read, ...content })
    } else {
      throw new UnknownSpec(`step ${JSON.stringify(step)}`)
    }
  }

  /** Takes what was written to all topics. */
  private capture(driver: TopologyTestDriver): void {
    const output = this.observed.output ?? {}
    for (const topic of driver.topics()) {
      const serdes = this.isInternal(topic) ? null : this.serdesOf(topic)
      const records = driver.readRaw(topic).map((record) => outputRecord(record, this.trace.step, serdes))
      output[topic] = [...(output[topic] ?? []), ...records]
    }
  }

  private allStores(driver: TopologyTestDriver): Record<string, StoreContent> {
    const contents: Record<string, StoreContent> = {}
    for (const definition of definitionsOf(driver.topology)) {
      const content = storeContents(definition, driver.store(definition.name))
      if (content !== undefined) contents[definition.name] = content
    }
    return contents
  }

  private metrics(driver: TopologyTestDriver): Readonly<Record<string, number>> {
    const names = ['dropped-records-total', 'suppression-emit-total', 'window-aggregate-final-emit-total']
    return Object.fromEntries(Object.entries(driver.metrics()).filter(([name]) => names.includes(name)))
  }

  /** @returns false if it threw; the first error of a run is kept */
  private attempt(phase: 'start' | 'step' | 'close', action: () => void): boolean {
    try {
      action()
      return true
    } catch (error) {
      if (error instanceof UnknownSpec) throw error
      this.observed.error ??= { phase, error, ...(phase === 'step' ? { step: this.trace.step } : {}) }
      return false
    }
  }

  private serdesOf(topic: string): readonly [key: string, value: string] {
    return this.vector.topics?.[topic] ?? ['string', 'string']
  }

  private isInternal(topic: string): boolean {
    if (topic.endsWith('-changelog') || topic.endsWith('-repartition')) return true
    return topic.endsWith('-topic') && topic.startsWith(`${this.applicationId}-`)
  }
}

function definitionsOf(topology: BuiltTopology): BuiltTopology['stores'][number]['definition'][] {
  return [...topology.stores, ...topology.globalStores].map((store) => store.definition)
}

function headersOf(headers: readonly Header[] | undefined): { key: string; value: Uint8Array | null }[] {
  return (headers ?? []).map(([key, value]) => ({ key, value: value === null ? null : encodeUtf8(value) }))
}
