// @nestjs/microservices over its TCP transport. Its decorators are called as functions: no compiler option needed.
import 'reflect-metadata'
import { Controller, Module } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ClientProxyFactory, MessagePattern, type MicroserviceOptions, Transport } from '@nestjs/microservices'
import { firstValueFrom, Observable } from 'rxjs'
import { itemAt } from '../../cells.ts'
import type { Contender } from '../../contender.ts'
import { freePort } from './free-port.ts'

class EchoController {
  async echo(value: unknown): Promise<unknown> {
    return value
  }

  count(upTo: number): Observable<unknown> {
    return new Observable((subscriber) => {
      for (let i = 0; i < upTo; i++) subscriber.next(itemAt(i))
      subscriber.complete()
    })
  }
}

class EchoModule {}

function decorate(method: 'echo' | 'count'): void {
  const descriptor = Object.getOwnPropertyDescriptor(EchoController.prototype, method) as PropertyDescriptor
  MessagePattern(method)(EchoController.prototype, method, descriptor)
}

Controller()(EchoController)
decorate('echo')
decorate('count')
Module({ controllers: [EchoController] })(EchoModule)

export const contender: Contender = {
  serve: async () => {
    const port = await freePort()
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
      transport: Transport.TCP,
      options: { host: '127.0.0.1', port },
      logger: false,
    })
    await app.listen()
    return { port, close: () => app.close() }
  },
  connect: async (port) => {
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } })
    await client.connect()
    return {
      echo: (value) => firstValueFrom(client.send('echo', value as object)),
      stream: (count) =>
        new Promise((resolve, reject) => {
          let came = 0
          client.send('count', count).subscribe({ next: () => came++, error: reject, complete: () => resolve(came) })
        }),
      close: async () => {
        await client.close()
      },
    }
  },
}
