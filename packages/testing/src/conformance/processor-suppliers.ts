/** Processors of the function library as the processor API takes them. */
import {
  type FixedKeyProcessor,
  type FixedKeyProcessorContext,
  type Processor,
  type ProcessorContext,
  record,
} from '@millrace/core'
import { type AnyRecord, type Behaviour, behaviour, type LibrarySurroundings, processorSpec } from './processors.ts'
import { text } from './text.ts'
import type { Processor as ProcessorOption } from './vector-parts.ts'

export type LibrarySettings = Pick<LibrarySurroundings, 'trace' | 'kindOf'>

/** A maker of processors, one per task. */
export function processorOf(option: ProcessorOption, settings: LibrarySettings): () => Processor {
  processorSpec(option)
  return () => new LibraryProcessor(option, settings)
}

/** As above, for `processValues`. */
export function fixedKeyProcessorOf(option: ProcessorOption, settings: LibrarySettings): () => FixedKeyProcessor {
  processorSpec(option)
  return () => new FixedKeyLibraryProcessor(option, settings)
}

abstract class Traced {
  protected readonly option: ProcessorOption
  protected readonly settings: LibrarySettings
  protected run: Behaviour = () => undefined
  private readonly label: string | undefined

  constructor(option: ProcessorOption, settings: LibrarySettings) {
    this.option = option
    this.settings = settings
    this.label = typeof option === 'string' ? undefined : option.trace
  }

  close(): void {
    this.traceLine('close')
  }

  /** Finds the store, says so, and only then schedules: in this order a failing `init` is seen. */
  protected start(surroundings: LibrarySurroundings): void {
    const spec = processorSpec(this.option)
    if ('store' in spec) surroundings.context.getStateStore(spec.store)
    this.traceLine('init')
    this.run = behaviour(spec, surroundings)
  }

  protected traceLine(what: string): void {
    if (this.label !== undefined) this.settings.trace.add(`${this.label} ${what}`)
  }

  protected traceRecord(one: AnyRecord): void {
    this.traceLine(`${text(one.key)}=${text(one.value)}@${one.timestampMs}`)
  }
}

class LibraryProcessor extends Traced implements Processor {
  init(context: ProcessorContext): void {
    // A new record, as the library of the JVM makes one.
    const forward = (out: AnyRecord, child?: string): void => context.forward({ ...out }, child)
    this.start({ ...this.settings, context, forward, fixedKey: false })
  }

  process(one: AnyRecord): void {
    this.traceRecord(one)
    this.run(one)
  }
}

class FixedKeyLibraryProcessor extends Traced implements FixedKeyProcessor {
  private current: AnyRecord | null = null

  init(context: FixedKeyProcessorContext): void {
    const forward = ({ value, timestampMs, headers }: AnyRecord, child?: string): void =>
      context.forward(record(this.current?.key, value, timestampMs, headers), child)
    this.start({ ...this.settings, context: context as ProcessorContext, forward, fixedKey: true })
  }

  process(one: AnyRecord): void {
    this.current = one
    this.traceRecord(one)
    this.run(one)
  }
}
