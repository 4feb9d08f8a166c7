// What a daemon's process and the one that starts it tell each other, from the inside: how the start went, and, of a
// successor, when its predecessor lets go.
import { Socket } from 'node:net'
import { clearTimeout, setTimeout } from '../core/base/platform-timers.ts'
import type { RichPayload } from '../core/wire/bytes/payload.ts'
import { encodeThrown } from '../core/wire/encode-thrown.ts'
import { ClassRegistry } from '../core/wire/rich/class-registry.ts'
import { StandardCodec } from '../core/wire/value-codec.ts'
import { leashFd, type Orders, type Told } from './launch.ts'

/** Settles when the predecessor lets go, or has died; never where it takes this process back, of which `onRecall` is told. */
export function untilReleased(onRecall: (graceMs: number) => void): Promise<void> {
  return new Promise((resolve) => {
    let isRecalled = false
    process.on('message', (message: Orders) => {
      if (message.kind === 'yours') resolve()
      if (message.kind !== 'end') return
      isRecalled = true
      onRecall(message.graceMs)
    })
    process.once('disconnect', () => {
      if (!isRecalled) resolve()
    })
  })
}

/** Settles with the promise, however that ends, or when the time is over. */
export function settled(promise: Promise<unknown>, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, limitMs)
    const finish = (): void => {
      clearTimeout(timer)
      resolve()
    }
    promise.then(finish, finish)
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

/** The other end of it is with the process that started the daemon, and is closed with that. */
export function watchLeash(onCut: () => void): void {
  const leash = new Socket({ fd: leashFd, readable: true, writable: false })
  leash.on('error', () => undefined).on('close', onCut)
  leash.resume().unref()
}
