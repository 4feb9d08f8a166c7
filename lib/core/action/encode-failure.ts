// What a failed run sends: the thrown value as a payload, or an error that says that it is too large.
import type { Payload } from '../wire/bytes/payload.ts'
import { encodeThrown } from '../wire/encode-thrown.ts'
import { fitsFrame, tooLarge } from '../wire/frames/frame-fit.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import { discreet } from '../wire/rich/discreet-error.ts'
import type { ValueCodec } from '../wire/value-codec.ts'

export interface FailureOptions {
  readonly codec: ValueCodec
  /** The classes that actions declared. */
  readonly classes: ClassRegistry
  /** Errors are sent with their stacks. */
  readonly exposeStacks: boolean
  /** Errors are sent with all their fields, declared or not. */
  readonly exposeErrors: boolean
}

/** `name`: the action that threw it. */
export function encodeFailure(thrown: unknown, name: string, options: FailureOptions, maxFrameBytes: number): Payload {
  const { codec, classes, exposeStacks, exposeErrors } = options
  const error = encodeThrown(codec, exposeErrors ? thrown : discreet(thrown, classes), { exposeStacks })
  if (fitsFrame(error, maxFrameBytes)) return error
  return encodeThrown(codec, tooLarge(`the error of action "${name}"`, error, maxFrameBytes))
}
