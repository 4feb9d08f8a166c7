// A page: the condition in its tsconfig makes 'isock' the module for browsers.
import { Action, Client } from 'isock'

export class Echo extends Action<string, string> {}

const client = new Client()
const elsewhere = new Client('wss://example.org/isock', { retry: 3 })
document.title = await client.runAction(Echo, 'hi')
const socketOf = new Client({ resume: sessionStorage })
await Promise.all([client.close(), elsewhere.close(), socketOf[Symbol.asyncDispose]()])
