/** The transport port on kafkajs: its sockets, TLS and SASL, and nothing else of it. */
export { kafkajsTransport, type KafkajsTransportOptions } from './transport.ts'
