// A line on the terminal that says how much of a call's input was sent, and how much the server has confirmed. It is cleared when
// something else is printed, and when the call ends.
import type { Call, InputProgress } from '../core/action/call.ts'
import { amountOf } from './amounts.ts'
import { RedrawnBlock, type Terminal } from './redrawn-block.ts'

const drawEveryMs = 100

/** Nobody watches a pipe; and who types the input sees it. */
export function showsUpload(isStreamed: boolean, stderr: { isTTY?: boolean }, stdin: { isTTY?: boolean }): boolean {
  return isStreamed && stderr.isTTY === true && stdin.isTTY !== true
}

export class UploadProgress {
  readonly #block: RedrawnBlock
  readonly #now: () => number
  #drawnAtMs = Number.NEGATIVE_INFINITY

  constructor(terminal: Terminal, now: () => number = () => performance.now()) {
    this.#block = new RedrawnBlock(terminal)
    this.#now = now
  }

  /** Follows the call; returns it. */
  follow<C extends Call<unknown, unknown>>(call: C): C {
    return call.onProgress((progress) => this.#draw(progress))
  }

  clear(): void {
    this.#block.clear()
  }

  #draw(progress: InputProgress): void {
    if (this.#now() - this.#drawnAtMs < drawEveryMs) return
    this.#drawnAtMs = this.#now()
    this.#block.draw(uploadText(progress))
  }
}

/** As in `1200 items, 3.4 MiB sent; 1000 items, 2.8 MiB confirmed`. */
export function uploadText({ sent, confirmed }: InputProgress): string {
  return `${amountText(sent)} sent; ${amountText(confirmed)} confirmed`
}

function amountText({ items, bytes }: InputProgress['sent']): string {
  return `${items} ${items === 1 ? 'item' : 'items'}, ${amountOf(bytes)}`
}
