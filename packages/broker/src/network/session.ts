/** What the broker remembers of one connection: who is behind it, and how far authentication has come. */
export interface Session {
  /** Host as Kafka prints it, `/127.0.0.1`. */
  readonly clientHost: string
  /** True when nothing has to be shown, or when it has been shown. */
  authenticated: boolean
  /** Mechanism agreed by SaslHandshake. */
  mechanism: string | undefined
}
