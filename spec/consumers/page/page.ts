// A page: everything from the module for browsers, without a condition in its tsconfig.
import { Action, Client } from 'isock/browser'

export class Echo extends Action<string, string> {}

const client = new Client()
const elsewhere = new Client('wss://example.org/isock', { retry: 3 })
document.title = await client.runAction(Echo, 'hi')
const socketOf = new Client({ resume: sessionStorage })
await Promise.all([client.close(), elsewhere.close(), socketOf[Symbol.asyncDispose]()])
