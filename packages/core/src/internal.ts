/** Names for Millrace's own packages only. */
export { change } from './record/change.ts'
export type { ChangelogRecord, CurrentRecord, FlushListener, LiveStore, StoreHost } from './store/host.ts'
