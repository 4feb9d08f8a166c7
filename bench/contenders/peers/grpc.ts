// @grpc/grpc-js with messages of a .proto file: binary, and with types that both sides know beforehand.
import { once } from 'node:events'
import * as grpc from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { itemAt } from '../../cells.ts'
import type { Contender } from '../../contender.ts'

type Reply = (error: Error | null, value?: object) => void
type Unary = (request: object, reply: Reply) => void
type Stub = grpc.Client & {
  Small: Unary
  Rows: Unary
  Bytes: Unary
  Count(request: object): grpc.ClientReadableStream<unknown>
}

// Workers run in bench/.
const definition = loadSync('echo.proto', { keepCase: true, defaults: true, longs: Number })
const { bench } = grpc.loadPackageDefinition(definition) as unknown as {
  bench: { Bench: grpc.ServiceClientConstructor }
}
const limits = { 'grpc.max_receive_message_length': 16 * 1024 * 1024, 'grpc.use_local_subchannel_pool': 1 }

const echo = async (call: { request: object }, reply: Reply): Promise<void> => reply(null, call.request)

async function count(call: grpc.ServerWritableStream<{ up_to: number }, unknown>): Promise<void> {
  for (let i = 0; i < call.request.up_to; i++) {
    if (!call.write(itemAt(i))) await once(call, 'drain')
  }
  call.end()
}

export const contender: Contender = {
  serve: async () => {
    const server = new grpc.Server(limits)
    server.addService(bench.Bench.service, { Small: echo, Rows: echo, Bytes: echo, Count: count })
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      )
    })
    return { port, close: async () => server.forceShutdown() }
  },
  connect: async (port) => {
    const stub = new bench.Bench(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), limits) as unknown as Stub
    await new Promise<void>((resolve, reject) => {
      stub.waitForReady(Date.now() + 10_000, (error) => (error === undefined ? resolve() : reject(error)))
    })
    const call = (method: 'Small' | 'Rows' | 'Bytes', request: object): Promise<object> =>
      new Promise((resolve, reject) => {
        stub[method](request, (error, value) => (error === null ? resolve(value as object) : reject(error)))
      })
    return {
      echo: (value) => {
        if (Array.isArray(value)) return call('Rows', { rows: value }).then((reply) => (reply as { rows: object }).rows)
        if (value instanceof Uint8Array) {
          return call('Bytes', { value }).then((reply) => (reply as { value: object }).value)
        }
        return call('Small', value as object)
      },
      stream: async (upTo) => {
        let came = 0
        for await (const _ of stub.Count({ up_to: upTo })) came++
        return came
      },
      close: async () => stub.close(),
    }
  },
}
