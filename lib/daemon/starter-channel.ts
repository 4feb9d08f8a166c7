// The channel between a daemon's process and the one that starts it, from the daemon's side: the result of the start and, for
// a successor, the release by its predecessor.
import { Socket } from 'node:net'
import { clearTimeout, setTimeout } from '../core/base/platform-timers.ts'
import type { RichPayload } from '../core/wire/bytes/payload.ts'
import { encodeThrown } from '../core/wire/encode-thrown.ts'
import { ClassRegistry } from '../core/wire/rich/class-registry.ts'
import { StandardCodec } from '../core/wire/value-codec.ts'
import { type ChildMessage, leashFd, type ParentMessage } from './launch.ts'

/** Settles when the predecessor releases the name or dies; never if it recalls this process: then `onRecall` is called. */
export function untilReleased(onRecall: (graceMs: number) => void): Promise<void> {
  return new Promise((resolve) => {
    let isRecalled = false
    process.on('message', (message: ParentMessage) => {
      if (message.kind === 'released') resolve()
      if (message.kind !== 'end') return
      isRecalled = true
      onRecall(message.graceMs)
    })
    process.once('disconnect', () => {
      if (!isRecalled) resolve()
    })
  })
}

/** Settles when the promise settles, or when the time is over. */
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

/** Sends a message to the starting process, which may be gone. */
export function sendToStarter(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) return resolve()
    process.send(message, undefined, undefined, () => resolve())
  })
}

export function failureOf(error: unknown): ChildMessage {
  const thrown = error instanceof Error ? error : new Error(String(error))
  // An error is never a plain value.
  return { kind: 'failed', error: encodeThrown(new StandardCodec(new ClassRegistry()), thrown) as RichPayload }
}

/** Calls `onCut` when the process that started the daemon ends: it holds the other end of the leash. */
export function watchLeash(onCut: () => void): void {
  const leash = new Socket({ fd: leashFd, readable: true, writable: false })
  leash.on('error', () => undefined).on('close', onCut)
  leash.resume().unref()
}
