// The processes that a client listens to. Stops listening when the client is closed.
import { invalidUsage } from '../../../core/base/errors.ts'
import { checkOptions, type OptionTable } from '../../../core/base/option-table.ts'
import { invalidOption } from '../../../core/base/options.ts'
import type { ClientKit } from '../../../core/client/client-kit.ts'
import { isName } from '../../../core/wire/frames/frame.ts'
import { declareClassesOf, type ProcessClass, processNameOf } from '../process.ts'
import { Listening, type ListenOptions } from './listening.ts'

const listenOptions: OptionTable<ListenOptions> = { onGap: 'any', signal: 'any' }

export class ProcessListeners {
  readonly #kit: ClientKit
  readonly #open = new Set<{ stop(): void }>()

  constructor(kit: ClientKit) {
    this.#kit = kit
  }

  /** @throws ClientError (`INVALID_OPTION`). */
  listen<Event>(
    process: string | ProcessClass,
    first: ((event: Event) => unknown) | ListenOptions | undefined,
    second: ListenOptions | undefined,
  ): Listening<Event> {
    const handler = typeof first === 'function' ? first : undefined
    const options = (typeof first === 'function' ? second : first) ?? {}
    checkOptions('onProcess', options, listenOptions)
    const name = typeof process === 'function' ? processNameOf(process) : process
    if (!isName(name)) throw invalidOption('process', 'its name of 1 to 512 bytes, or its class', process)
    if (typeof process === 'function') {
      const conflict = this.#kit.known.claim('process', name, process)
      if (conflict !== undefined) throw invalidUsage(conflict)
      declareClassesOf(process, this.#kit.classes)
    }
    const onOver = (over: { stop(): void }): void => void this.#open.delete(over)
    const listening = new Listening<Event>(this.#kit, name, { ...options, handler, onOver })
    if (!listening.isOver) this.#open.add(listening)
    return listening
  }

  /** Called when the client is closed. */
  close(): void {
    for (const listening of this.#open) listening.stop()
  }
}
