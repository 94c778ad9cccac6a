/**
 * SaslHandshake and SaslAuthenticate: PLAIN with the users given at start, so that authentication and its failures can
 * be tried without a real cluster.
 */
import {
  errorCode,
  saslAuthenticate,
  saslHandshake,
  type SaslAuthenticateRequest,
  type SaslAuthenticateResponse,
  type SaslHandshakeRequest,
  type SaslHandshakeResponse,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import { route, type Answer, type RequestContext, type Route } from './handler.ts'

const plain = 'PLAIN'

function handleHandshake(
  state: BrokerState,
  body: SaslHandshakeRequest,
  context: RequestContext,
): Answer<SaslHandshakeResponse> {
  const mechanisms = state.users.size > 0 ? [plain] : []
  if (state.users.size === 0) return { errorCode: errorCode.ILLEGAL_SASL_STATE, mechanisms }
  if (body.mechanism !== plain) return { errorCode: errorCode.UNSUPPORTED_SASL_MECHANISM, mechanisms }
  context.session.mechanism = plain
  return { errorCode: errorCode.NONE, mechanisms }
}

function handleAuthenticate(
  state: BrokerState,
  body: SaslAuthenticateRequest,
  context: RequestContext,
): Answer<SaslAuthenticateResponse> {
  const { session } = context
  if (session.mechanism === undefined) {
    const errorMessage = 'SaslAuthenticate request received without a handshake.'
    return { errorCode: errorCode.ILLEGAL_SASL_STATE, errorMessage }
  }
  // RFC 4616: authorization identity, user and password, each ended by a zero byte but the last.
  const [, user = '', password = ''] = new TextDecoder().decode(body.authBytes).split('\0')
  if (state.users.get(user) !== password) {
    const errorMessage = 'Authentication failed: Invalid username or password'
    return { errorCode: errorCode.SASL_AUTHENTICATION_FAILED, errorMessage }
  }
  session.authenticated = true
  return { errorCode: errorCode.NONE, errorMessage: null }
}

export const saslRoutes: readonly Route[] = [
  route(saslHandshake, handleHandshake),
  route(saslAuthenticate, handleAuthenticate),
]
