// `isock ls`: lists the actions of a server, as the server reports them.
import type { ActionListing } from '../core/server/action-listings.ts'
import { type ConnectOptions, withClient } from './connect.ts'
import { print } from './output.ts'
import { shortSchema } from './short-schema.ts'
import { table } from './table.ts'

export async function listActions(address: string, options: ConnectOptions): Promise<void> {
  await withClient(address, options, async (client, signal, printer) => {
    const listings = await client.runAction<readonly ActionListing[]>('isock.actions', undefined, { signal })
    if (options.json) for (const listing of listings) await printer.item(listing)
    else if (listings.length === 0) await print('the server offers no actions\n')
    else await print(table([['NAME', 'KIND', 'SCHEMA', 'DESCRIPTION'], ...listings.map(rowOf)]))
  })
}

function rowOf({ name, kind, input, output, items, description }: ActionListing): string[] {
  const given = output && `-> ${shortSchema(output)}`
  const yielded = items && `yields ${shortSchema(items)}`
  const schema = [input && shortSchema(input), given, yielded].filter(Boolean).join(' ')
  return [name, kind, schema || '-', description ?? '']
}
