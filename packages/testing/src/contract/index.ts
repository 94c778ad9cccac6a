/** Contract suites, run against implementations from vitest files. They need vitest; the rest of this package does not. */
export { type EngineUnderTest, storeEngineContract } from './store-engine-contract.ts'
export { SeededRandom } from '../simulation/seeded-random.ts'
export { hostedStore, HostedStore, type HostedStoreOptions, type LoggedRecord } from './hosted-store.ts'
