/** InitProducerId. */
import {
  errorCode,
  initProducerId,
  type InitProducerIdRequest,
  type InitProducerIdResponse,
} from '@millrace/protocol/internal'
import type { BrokerState } from '../broker-state.ts'
import { route, type Answer, type Route } from './handler.ts'

function handleInitProducerId(state: BrokerState, body: InitProducerIdRequest): Answer<InitProducerIdResponse> {
  if (body.transactionalId !== null) return { errorCode: errorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED }
  return { errorCode: errorCode.NONE, producerId: BigInt(state.producerIds.next()), producerEpoch: 0 }
}

export const producerRoutes: readonly Route[] = [route(initProducerId, handleInitProducerId)]
