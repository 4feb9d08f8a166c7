// Writes one file completely or not at all: to a hidden file beside it, which is then renamed.
import { type FileHandle, open, rename, stat, unlink } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import type { Clock, Timer } from '../../core/base/clock.ts'
import { followSignal } from '../../core/base/followed-signals.ts'
import { patienceMs } from '../../core/base/patience.ts'
import { WebRefusal } from '../../features/web/gateway.ts'
import type { Place } from '../../features/web/safe-path.ts'
import { makePartName } from './part-files.ts'

export interface UploadOptions {
  readonly place: Place
  readonly maxBytes: number
  readonly idleMs: number
  readonly clock: Clock
  /** Aborts the upload: with its reason if that is a WebRefusal, otherwise because the server shuts down. */
  readonly signal: AbortSignal
}

/** Settles when the file is in place: 'created' or 'replaced'. Rejects with WebRefusal, or the error of the file system. */
export async function upload(request: IncomingMessage, options: UploadOptions): Promise<'created' | 'replaced'> {
  const { place } = options
  const temporary = join(place.directory, makePartName())
  const former = await stat(place.file).catch(() => undefined)
  // 'wx' never opens an existing file.
  const handle = await open(temporary, 'wx', former === undefined ? 0o666 : former.mode & 0o777)
  try {
    try {
      await receive(request, handle, options)
      // Synced before it gets its name, so that a crash cannot leave an empty file of that name.
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

/** Leaves a failed request open, so that it can be answered. */
function receive(request: IncomingMessage, handle: FileHandle, options: UploadOptions): Promise<void> {
  const { maxBytes, idleMs, clock, signal } = options
  return new Promise((resolve, reject) => {
    let count = 0
    let isSettled = false
    let unfollow = (): void => undefined
    let since = clock.now()
    /** Our own time for writing does not count against the client. */
    let waitedMs = 0
    const watch = (): Timer => {
      since = clock.now()
      return clock.setTimer(() => fail(new WebRefusal(408, `nothing arrived for ${idleMs} ms`)), idleMs)
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
      fail(reason instanceof WebRefusal ? reason : new WebRefusal(503, 'the server is shutting down'))
    }
    const onClose = (): void => fail(new WebRefusal(400, 'the upload ended early'))
    const onEnd = (): void => {
      settle()
      resolve()
    }
    const onData = (chunk: Buffer): void => {
      count += chunk.length
      waitedMs += clock.now() - since
      since = clock.now()
      if (count > maxBytes) return fail(tooLarge(maxBytes))
      // Otherwise a byte now and then would hold one of few places for hours.
      if (waitedMs > patienceMs(count, idleMs))
        return fail(new WebRefusal(408, `only ${count} bytes arrived in ${Math.round(waitedMs)} ms`))
      timer.cancel()
      // One chunk at a time: the next one is read when this one has been written.
      request.pause()
      handle.writeFile(chunk).then(() => {
        // Aborted meanwhile: another function owns the request, and answers it.
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

export function tooLarge(maxBytes: number): WebRefusal {
  return new WebRefusal(
    413,
    `the file has more than ${maxBytes} bytes; the limit is the server's option files.maxFileBytes`,
  )
}
