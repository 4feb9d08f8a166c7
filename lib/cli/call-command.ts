// `isock call`: runs one action by its wire name; prints its items as they arrive, then its result.
import { followSignal } from '../core/base/followed-signals.ts'
import { readCallData } from './call-data.ts'
import { type ConnectOptions, withClient } from './connect.ts'

export interface CallOptions extends ConnectOptions {
  readonly stdin?: boolean
}

export async function callAction(
  address: string,
  action: string,
  json: string | undefined,
  options: CallOptions,
): Promise<void> {
  await withClient(address, options, async (client, signal, printer) => {
    // An abort also ends a wait for the end of standard input, or for its next line.
    followSignal(signal, () => process.stdin.destroy())
    try {
      const data = await readCallData({ json, isStreamed: options.stdin ?? false })
      const items = client.runAction(action, data, { signal })[Symbol.asyncIterator]()
      let step = await items.next()
      while (!step.done) {
        await printer.item(step.value)
        step = await items.next()
      }
      await printer.result(step.value)
    } finally {
      // Reading it would keep the process alive.
      if (options.stdin || json === '-') process.stdin.destroy()
    }
  })
}
