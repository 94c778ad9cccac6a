/** State in memory only: for tests, and for applications whose changelogs are short. */
export { memoryStores } from '@millrace/core/internal'
