/** Runs one vector: builds its topology, drives its steps, and says how what happened differs from what is expected. */
import type { BuiltTopology } from '@millrace/core/internal'
import type { Topology } from '@millrace/core'
import { TopologyTestDriver } from '../driver/topology-test-driver.ts'
import { buildVector } from './build-vector.ts'
import { firstDifference } from './compare.ts'
import type { TestDriverOptions } from '../driver/driver-options.ts'
import { driverOptionsOfKafka } from './configuration.ts'
import { outputRecord } from './decoding.ts'
import { applicationIdOf, isInternalTopic } from './internal-topics.ts'
import { UnknownSpec } from './java-errors.ts'
import type { Observed } from './observed.ts'
import { serdesOfTopic, stepRecord } from './step-records.ts'
import { StoreDefinitions } from './store-definitions.ts'
import { storeContents } from './store-contents.ts'
import type { OpSurroundings } from './topology-ops.ts'
import { Trace } from './trace.ts'
import type { Step, StoreContent, Vector } from './vector.ts'

/** The first difference, or null when the vector passes. Never throws: whatever goes wrong is a difference. */
export function runVector(vector: Vector): string | null {
  try {
    return firstDifference(vector, observeVector(vector))
  } catch (error) {
    return error instanceof UnknownSpec ? `not known: ${error.message}` : `interpreter: ${(error as Error).stack}`
  }
}

/**
 * What the test driver does with a vector.
 *
 * @param options those of the driver; default as in Kafka's
 * @throws UnknownSpec
 */
export function observeVector(
  vector: Vector,
  options: (vector: Vector) => TestDriverOptions = driverOptionsOfKafka,
): Observed {
  return new VectorRun(vector, options).run()
}

class VectorRun {
  private readonly vector: Vector
  private readonly trace = new Trace()
  private readonly observed: Observed = { branches: [], reads: [], trace: this.trace.lines }
  private readonly applicationId: string
  private readonly options: (vector: Vector) => TestDriverOptions

  constructor(vector: Vector, options: (vector: Vector) => TestDriverOptions) {
    this.vector = vector
    this.options = options
    this.applicationId = applicationIdOf(vector)
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
      return buildVector(vector, surroundings, observed.branches)
    } catch (error) {
      if (error instanceof UnknownSpec) throw error
      observed.error = { phase: 'build', error, ...(surroundings.at < 0 ? {} : { op: surroundings.at }) }
      return null
    }
  }

  private start(topology: Topology): TopologyTestDriver | null {
    let driver: TopologyTestDriver | null = null
    this.attempt('start', () => {
      driver = new TopologyTestDriver(topology, this.options(this.vector))
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
    const record = stepRecord(this.vector, step)
    if (record !== null) {
      driver.pipeRaw(record.topic, record)
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
      const serdes = isInternalTopic(topic, this.applicationId) ? null : serdesOfTopic(this.vector, topic)
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
}

function definitionsOf(topology: BuiltTopology): BuiltTopology['stores'][number]['definition'][] {
  return [...topology.stores, ...topology.globalStores].map((store) => store.definition)
}
