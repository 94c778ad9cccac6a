/** State stores on LevelDB. */
export { levelStores, type LevelStoresOptions } from './level-stores.ts'
