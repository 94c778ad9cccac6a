/** The default serde of internal topics. */
export { msgpack } from './msgpack.ts'
