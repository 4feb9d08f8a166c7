// A server of this comparison: `server.js [<url of a store> [<schema>]]`; with `plain` in place of a schema, without transactional actions.
import { data } from '../../lib/data.ts'
import { Server } from '../../lib/index.ts'
import { takeOrders } from '../child.ts'
import { watchUsage } from '../usage.ts'
import { callable, Echo, Entry } from './actions.ts'

export type ServerOrder = { readonly do: 'port' | 'watch' | 'usage' | 'close' }

const [, , url, schema] = process.argv
const isPlain = url === undefined || schema === 'plain'
const features =
  url === undefined ? [] : [data({ models: [Entry], url, ...(isPlain || schema === undefined ? {} : { schema }) })]
const server = new Server('127.0.0.1', 0, { features })
if (isPlain) server.addAction(new Echo())
else for (const TheAction of Object.values(callable)) server.addAction(new TheAction())
await server.listen()

let usageSince = watchUsage()
takeOrders(async (order: ServerOrder) => {
  if (order.do === 'port') return Number(new URL(server.addresses[0] as string).port)
  if (order.do === 'watch') {
    usageSince()
    usageSince = watchUsage()
    return true
  }
  if (order.do === 'usage') return usageSince()
  await server.shutdown({ graceMs: 1_000 })
  return true
})
