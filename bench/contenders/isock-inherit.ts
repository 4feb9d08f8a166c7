// isock whose handlers' own calls take over time and signal through AsyncLocalStorage.
import { Action } from '../../lib/index.ts'
import { isockWith } from './isock-base.ts'

class Echo extends Action {
  override async action(value: unknown): Promise<unknown> {
    return value
  }
}

export const contender = isockWith(Echo, { inheritContext: true })
