// The client's half, bundled and minified apart.
import { Client } from '../../../lib/browser.ts'
import { Greet, Pay } from './named.ts'

export function makeClient(dial: () => Promise<never>): Client {
  return new Client('ws://127.0.0.1', { dial } as never)
}

export const pay = (client: Client): Promise<string> => Promise.resolve(client.runAction(Pay, 5))
export const greet = (client: Client): Promise<string> => Promise.resolve(client.runAction(Greet, 'Ann'))
export const payByPath = (client: Client): Promise<unknown> => Promise.resolve(client.runAction('p', 5))
