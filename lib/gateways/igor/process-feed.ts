// The events of the server's processes for one Igor client, which receives them automatically.
import { BusyError, IsockError } from '../../core/base/errors.ts'
import type { Logger } from '../../core/base/log.ts'
import type { LocalClient } from '../local-client.ts'
import type { SocketQueue } from '../socket-queue.ts'
import { closeText, errorText, eventText } from './answers.ts'

export interface FeedOptions {
  readonly local: LocalClient
  /** The names of the processes. */
  readonly processes: readonly string[]
  readonly outbox: SocketQueue
  readonly log: Logger
}

/** Errors about the listener rather than the process: the client is not admitted, or has gone. */
const aboutTheListener = new Set(['UNAUTHENTICATED', 'NAME_TAKEN', 'CLOSED', 'UNREACHABLE'])

export class ProcessFeed {
  readonly #options: FeedOptions
  readonly #abort = new AbortController()

  constructor(options: FeedOptions) {
    this.#options = options
    for (const process of options.processes) void this.#follow(process)
  }

  /** Ends the feed. */
  stop(): void {
    this.#abort.abort()
  }

  async #follow(process: string): Promise<void> {
    const { outbox, log } = this.#options
    const { signal } = this.#abort
    while (!signal.aborted) {
      try {
        await this.#listen(process)
        if (!signal.aborted) outbox.push(closeText(process))
        return
      } catch (error) {
        if (signal.aborted) return
        if (error instanceof BusyError) {
          // The client did not keep up and missed events. It gets later ones once it reads again.
          await outbox.room()
        } else if (error instanceof IsockError && aboutTheListener.has(error.code)) {
          log.debug({ process, error }, 'an Igor client cannot listen')
          return
        } else if (error instanceof IsockError && error.code === 'UNKNOWN_PROCESS') {
          // The process was removed.
          outbox.push(closeText(process))
          return
        } else {
          outbox.push(errorText(process, this.#options.local.publicError(error)))
          outbox.push(closeText(process))
          return
        }
      }
    }
  }

  async #listen(process: string): Promise<void> {
    const { local, outbox } = this.#options
    const { signal } = this.#abort
    for await (const { event, data } of local.onProcess(process, { signal })) {
      await outbox.pushWhenRoom(() => eventText(process, event, data))
    }
  }
}
