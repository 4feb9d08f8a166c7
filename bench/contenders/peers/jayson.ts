// jayson over TCP: JSON-RPC 2.0. Its client opens a connection for each call, so that there is no link to keep.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import jayson from 'jayson/promise/index.js'
import type { Contender } from '../../contender.ts'

interface Response {
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

export const contender: Contender = {
  serve: async () => {
    const server = new jayson.Server({ echo: async ({ value }: { value: unknown }) => value }).tcp()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      close: async () => {
        server.close()
      },
    }
  },
  connect: async (port) => {
    const client = jayson.Client.tcp({ host: '127.0.0.1', port })
    return {
      echo: async (value) => {
        const { result, error } = (await client.request('echo', { value })) as Response
        if (error !== undefined) throw new Error(error.message)
        return result
      },
      close: async () => undefined,
    }
  },
}
