// isock over a WebSocket, as browsers use it.
import { Action } from '../../lib/index.ts'
import { isockWith } from './isock-base.ts'

class Echo extends Action {
  override async action(value: unknown): Promise<unknown> {
    return value
  }
}

export const contender = isockWith(Echo, {}, 'WebSocket')
