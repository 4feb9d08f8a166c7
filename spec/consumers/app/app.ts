// A program with the package of shared classes: every subpath, and options that may be undefined.
import { Client, type ClientOptions, Server } from 'isock'
import { runInBackground } from 'isock/daemon'
import { data } from 'isock/data'
import { http } from 'isock/http'
import { igor } from 'isock/igor'
import { lexicons } from 'isock/lexicons'
import { createHarness } from 'isock/testing'
import { threads } from 'isock/threads'
import { TracimDaemonClient } from 'isock/tracim'
import { listenWeb } from 'isock/web'
import { AddUser, Find, Order, OutOfStock, Resize, Team, User } from '../out/shared/shared.js'

export const server = new Server('localhost', 0, {
  token: process.env['TOKEN'],
  tokenFile: process.env['TOKEN_FILE'],
  limits: { maxFrameBytes: undefined },
  features: [data({ models: [Team, User], url: process.env['DATABASE'] }), threads({ max: undefined })],
})
server.addAction(new Order()).addAction(new AddUser()).addAction(new Find())
server.addAction(Resize, ({ image, width }) => image.subarray(0, width))

export async function main(signal: AbortSignal | undefined, retry?: number): Promise<string> {
  const web = await listenWeb(server, { port: undefined, gateways: [http(), igor({ path: undefined }), lexicons()] })
  const options: ClientOptions = { retry, token: process.env['TOKEN'], backoff: { minMs: undefined } }
  await using client = new Client(web.address, options)
  const { at } = await client.runAction(Order, { item: 'tea', quantity: '1' }, { signal, timeoutMs: undefined })
  const outcome = await client.runAction(Order, { item: 'tea', quantity: '9' }).outcome()
  if (!outcome.ok && outcome.error instanceof OutOfStock) return `${outcome.error.left}`
  const left: number = await client.runAction(AddUser, 'a@b.c').catchError(OutOfStock, (error) => error.left)
  for await (const text of client.runAction(Find, { id: left })) text.trim()
  await client.close({ graceMs: undefined })
  return at.toISOString()
}

export { createHarness, runInBackground, TracimDaemonClient }
