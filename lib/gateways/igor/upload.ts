// Writes one file whole or not at all: into a hidden file beside it, which then takes its name.
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { followSignal } from '../../core/base/followed-signals.ts'
import { patienceMs } from '../../core/base/patience.ts'
import type { Place } from '../../features/web/safe-path.ts'
import { makePartName } from './part-files.ts'

/** Why a file was not written: a status of HTTP. */
export class UploadRefusal extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface UploadOptions {
  readonly place: Place
  readonly maxBytes: number
  readonly idleMs: number
  readonly clock: Clock
  /** Gives it up: with an UploadRefusal as its reason for that, else as the server shuts down. */
  readonly signal: AbortSignal
}

/** Settles when the file is there: 'created' or 'replaced'. Rejects with UploadRefusal, or what the file system says. */
export async function upload(request: IncomingMessage, options: UploadOptions): Promise<'created' | 'replaced'> {
  const { place } = options
  const temporary = join(place.directory, makePartName())
  const former = await stat(place.file).catch(() => undefined)
  // 'wx': never through something that has the name already.
  const handle = await open(temporary, 'wx', former === undefined ? 0o666 : former.mode & 0o777)
  try {
    try {
      await receive(request, handle, options)
      // Before it gets its name: else a crash could leave the name on an empty file.
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, place.file)
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  return former === undefined ? 'created' : 'replaced'
}

/** Leaves a request that failed open, so that it can be answered. */
function receive(request: IncomingMessage, handle: FileHandle, options: UploadOptions): Promise<void> {
  const { maxBytes, idleMs, clock, signal } = options
  return new Promise((resolve, reject) => {
    let count = 0
    let isSettled = false
    let unfollow = (): void => undefined
    let since = clock.now()
    /** What is ours, as writing, is not held against the client. */
    let waitedMs = 0
    const watch = (): Timer => {
      since = clock.now()
      return clock.setTimer(() => fail(new UploadRefusal(408, `nothing came for ${idleMs} ms`)), idleMs)
    }
    let timer = watch()
    const settle = (): void => {
      isSettled = true
      timer.cancel()
      unfollow()
      request.off('data', onData).off('end', onEnd).off('close', onClose).pause()
    }
    const fail = (error: unknown): void => {
      settle()
      reject(error)
    }
    const onAbort = (): void => {
      const reason: unknown = signal.reason
      fail(reason instanceof UploadRefusal ? reason : new UploadRefusal(503, 'the server is shutting down'))
    }
    const onClose = (): void => fail(new UploadRefusal(400, 'the upload broke off'))
    const onEnd = (): void => {
      settle()
      resolve()
    }
    const onData = (chunk: Buffer): void => {
      count += chunk.length
      waitedMs += clock.now() - since
      since = clock.now()
      if (count > maxBytes) return fail(tooLarge(maxBytes))
      // A byte now and then would hold one of few places for hours.
      if (waitedMs > patienceMs(count, idleMs))
        return fail(new UploadRefusal(408, `only ${count} bytes came in ${Math.round(waitedMs)} ms`))
      timer.cancel()
      // One piece at a time: the next is read when this one is written.
      request.pause()
      handle.writeFile(chunk).then(() => {
        // Given up meanwhile: the request is another's, who answers it.
        if (isSettled) return
        timer.cancel()
        timer = watch()
        request.resume()
      }, fail)
    }
    request.on('data', onData).on('end', onEnd).on('close', onClose)
    unfollow = followSignal(signal, onAbort)
    if (!isSettled && request.destroyed && !request.complete) onClose()
  })
}

export function tooLarge(maxBytes: number): UploadRefusal {
  return new UploadRefusal(413, `a file may have ${maxBytes} bytes; the server's option files.maxFileBytes says so`)
}
