// Moleculer over its TCP transporter, UDP discovery off: the client is told where the server is.
import { Readable } from 'node:stream'
import { type Context, ServiceBroker } from 'moleculer'
import { itemAt } from '../../cells.ts'
import type { Contender } from '../../contender.ts'
import { freePort } from './free-port.ts'

let lastClient = 0

function brokerAt(nodeID: string, options: object): ServiceBroker {
  return new ServiceBroker({
    nodeID,
    logger: false,
    transporter: {
      type: 'TCP',
      // The server dials each client back: its default of 32 connections is too few for the cells with 64 links.
      options: { udpDiscovery: false, useHostname: false, gossipPeriod: 1, maxConnections: 256, ...options },
    },
  } as ConstructorParameters<typeof ServiceBroker>[0])
}

function* items(count: number): Generator<unknown> {
  for (let i = 0; i < count; i++) yield itemAt(i)
}

export const contender: Contender = {
  serve: async () => {
    const port = await freePort()
    const broker = brokerAt('server', { port })
    broker.createService({
      name: 'bench',
      actions: {
        echo: async ({ params }: Context<{ value: unknown }>) => params.value,
        count: ({ params }: Context<{ upTo: number }>) => Readable.from(items(params.upTo)),
      },
    })
    await broker.start()
    return { port, close: () => broker.stop() }
  },
  connect: async (port) => {
    const broker = brokerAt(`client-${process.pid}-${++lastClient}`, { urls: [`127.0.0.1:${port}/server`] })
    await broker.start()
    await broker.waitForServices('bench', 30_000)
    return {
      echo: (value) => broker.call('bench.echo', { value }),
      stream: async (upTo) => {
        let came = 0
        for await (const _ of (await broker.call('bench.count', { upTo })) as Readable) came++
        return came
      },
      close: () => broker.stop(),
    }
  },
}
