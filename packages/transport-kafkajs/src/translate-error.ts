/**
 * kafkajs' errors in Millrace's words. The code and class say what the caller does next: `RetriableError` = the network,
 * try again after a look at the metadata; `FatalError` = credentials or certificates, somebody must change the options.
 */
import { FatalError, RetriableError, StreamsError } from '@millrace/core/port'

interface ForeignError {
  readonly name?: string
  readonly message?: string
  readonly code?: string
  readonly type?: string
}

const certificateUnknown =
  'the certificate is self-signed or of an unknown authority; give the authority in kafka.ssl.ca'

const tlsReasons: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: certificateUnknown,
  SELF_SIGNED_CERT_IN_CHAIN: certificateUnknown,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: certificateUnknown,
  UNABLE_TO_GET_ISSUER_CERT: certificateUnknown,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: certificateUnknown,
  CERT_HAS_EXPIRED: 'the certificate of the broker has expired',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is for another host name; connect by the name in it, or give kafka.ssl.servername',
  ERR_SSL_WRONG_VERSION_NUMBER: 'this listener does not speak TLS; leave kafka.ssl out or use its TLS port',
  EPROTO: 'this listener does not speak TLS; leave kafka.ssl out or use its TLS port',
}

const networkReasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the host name is not known (ENOTFOUND)',
  EAI_AGAIN: 'the host name could not be looked up (EAI_AGAIN)',
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ECONNRESET: 'the broker reset the connection (ECONNRESET)',
  EHOSTUNREACH: 'the host cannot be reached (EHOSTUNREACH)',
  ENETUNREACH: 'the network cannot be reached (ENETUNREACH)',
  ETIMEDOUT: 'the host does not answer (ETIMEDOUT)',
}

/** True when the name of the host could not be resolved: a typing error at start, an accident later. */
export function isUnknownHost(error: unknown): boolean {
  return (error as ForeignError | null)?.code === 'ENOTFOUND'
}

/**
 * One error of kafkajs or of Node's sockets as a StreamsError; a StreamsError passes.
 *
 * @param first true before the broker has answered the first request that needs rights
 */
export function translateError(error: unknown, broker: string, first: boolean): StreamsError {
  if (error instanceof StreamsError) return error
  const { name = '', message = '', code = '', type = '' } = (error ?? {}) as ForeignError
  const cause = { cause: error }
  if (name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED') {
    return new FatalError('MR_TRANSPORT_AUTHENTICATION', { broker, reason: message }, cause)
  }
  if (type === 'UNSUPPORTED_SASL_MECHANISM' || type === 'ILLEGAL_SASL_STATE') {
    const reason = `this listener does not take that SASL mechanism, or no SASL at all (${type})`
    return new FatalError('MR_TRANSPORT_AUTHENTICATION', { broker, reason }, cause)
  }
  const tls = tlsReasons[code] ?? (/self[- ]signed certificate/i.test(message) ? certificateUnknown : undefined)
  if (tls !== undefined) {
    return new FatalError('MR_TRANSPORT_AUTHENTICATION', { broker, reason: `${tls} (${code || message})` }, cause)
  }
  if (/^ERR_SSL_.*ALERT/.test(code)) {
    const reason = `the broker refused the TLS handshake (${code}); it may ask for kafka.ssl.cert and kafka.ssl.key`
    return new FatalError('MR_TRANSPORT_AUTHENTICATION', { broker, reason }, cause)
  }
  let reason = networkReasons[code] ?? (message || name || String(error))
  if (first && (name === 'KafkaJSConnectionClosedError' || code === 'ECONNRESET')) {
    reason =
      'the broker closed the connection before its first answer; a listener that expects SASL or TLS does that (kafka.sasl, kafka.ssl)'
  }
  return new RetriableError('MR_TRANSPORT_DISCONNECTED', { broker, reason }, cause)
}
