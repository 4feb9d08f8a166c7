// `isock watch`: subscribes to a channel by its name, and prints its messages until Ctrl-C. Outlives lost connections and
// restarts of the server.
import { type ConnectOptions, withClient } from './connect.ts'
import { print } from './output.ts'

export interface WatchOptions extends ConnectOptions {
  readonly key?: string
  readonly since?: 'oldest'
  readonly count?: number
}

export async function watch(address: string, channel: string, options: WatchOptions): Promise<void> {
  await withClient(address, options, async (client, signal, printer) => {
    const { key, since, count = Number.POSITIVE_INFINITY, retry } = options
    // A subscription waits for a server as long as it takes; one that was never there is reported now.
    await client.runAction('isock.ping', undefined, { signal })
    const subscription = client.subscribe(channel, {
      signal,
      ...(key === undefined ? {} : { key }),
      ...(since === undefined ? {} : { since }),
      ...(retry === undefined ? {} : { retry }),
      onReconnect: (recovered) => {
        if (!recovered) void print('isock: reconnected; messages may be missing\n', process.stderr)
      },
    })
    let printed = 0
    for await (const message of subscription) {
      await printer.item(message)
      if (++printed >= count) break
    }
    signal.throwIfAborted()
  })
}
