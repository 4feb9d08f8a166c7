// The daemon's side of the channel to the process that starts it. Carries the result of the start and, for a successor, the release
// by its predecessor.
import { Socket } from 'node:net'
import { clearTimeout, setTimeout } from '../core/base/platform-timers.ts'
import type { RichPayload } from '../core/wire/bytes/payload.ts'
import { encodeThrown } from '../core/wire/encode-thrown.ts'
import { ClassRegistry } from '../core/wire/rich/class-registry.ts'
import { StandardCodec } from '../core/wire/value-codec.ts'
import { type ChildMessage, type ParentMessage, parentPipeFd } from './launch.ts'

/** Settles when the predecessor releases the name or dies. Never settles if it recalls this process; then `onRecall` is called. */
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

/** Settles when the promise settles, or after the time limit. */
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

/** Sends a message to the starting process, which may have ended. */
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

/** Calls `onEnded` when the process that started the daemon ends: it holds the other end of the parent pipe. */
export function watchParent(onEnded: () => void): void {
  const parentPipe = new Socket({ fd: parentPipeFd, readable: true, writable: false })
  parentPipe.on('error', () => undefined).on('close', onEnded)
  parentPipe.resume().unref()
}
