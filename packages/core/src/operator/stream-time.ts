/**
 * Stream time of an operator: the greatest event time it has seen, which decides what is late. Each processor has its own,
 * and keeps it with its store, so that a restart does not make late records welcome again (Kafka forgets it).
 */
import type { KeepsTime } from '../store/store.ts'

/** Keeps the time with the store. Inputs of a cogroup share one store, which cannot know the time of each: they begin anew. */
export function keepTime(store: KeepsTime, timestampMs: number): void {
  if (timestampMs > store.observedStreamTimeMs) store.observedStreamTimeMs = timestampMs
}
