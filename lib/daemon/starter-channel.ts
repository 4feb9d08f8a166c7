// What a daemon's process and the one that starts it tell each other, from the inside: how the start went, and, of a
// successor, when its predecessor lets go.
import { ClassRegistry } from '../wire/class-registry.ts'
import { encodeThrown } from '../wire/error-record.ts'
import type { RichPayload } from '../wire/payload.ts'
import { StandardCodec } from '../wire/value-codec.ts'
import type { Orders, Told } from './launch.ts'

/** Settles when the predecessor lets go, or has died. */
export function untilReleased(): Promise<void> {
  return new Promise((resolve) => {
    process.on('message', (message: Orders) => {
      if (message.kind === 'yours') resolve()
    })
    process.once('disconnect', () => resolve())
  })
}

/** Whoever started it may be gone, which is no fault. */
export function tell(told: Told): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve()
    process.send(told, undefined, undefined, () => resolve())
  })
}

export function failureOf(error: unknown): Told {
  const thrown = error instanceof Error ? error : new Error(String(error))
  // An error is never a plain value.
  return { kind: 'failed', error: encodeThrown(new StandardCodec(new ClassRegistry()), thrown) as RichPayload }
}
