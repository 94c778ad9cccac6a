/**
 * The form of a request handler: a function of the broker's state, the decoded body and who asks. It answers at once, or
 * later when it has to wait for others; `undefined` means that no answer is sent (acks 0).
 */
import type { Api, MessageInput } from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import type { Session } from '../network/session.ts'

/** Who asks, of which node, in which version. */
export interface RequestContext {
  readonly nodeId: number
  readonly version: number
  readonly clientId: string
  readonly session: Session
}

export type Answer<Res> = MessageInput<Res> | undefined | Promise<MessageInput<Res> | undefined>

export type Handle<Req, Res> = (state: BrokerState, body: Req, context: RequestContext) => Answer<Res>

/** An API with its handler, types erased so that all fit into one table. */
export interface Route {
  readonly api: Api<object, object>
  readonly handle: Handle<object, object>
}

/** Binds a handler to its API. */
export function route<Req extends object, Res extends object>(api: Api<Req, Res>, handle: Handle<Req, Res>): Route {
  return { api, handle: handle as unknown as Handle<object, object> } as unknown as Route
}
