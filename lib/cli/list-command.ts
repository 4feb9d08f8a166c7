// `isock ls`: lists what a server offers to its clients, as the server reports it: actions, then what its features have.
import { ServerError } from '../core/base/errors.ts'
import type { ActionListing } from '../core/server/action-listings.ts'
import type { Listed } from '../core/server/feature.ts'
import type { Client } from '../facade/client.ts'
import { type ConnectOptions, withClient } from './connect.ts'
import { print } from './output.ts'
import { shortSchema } from './short-schema.ts'
import { table } from './table.ts'

export async function list(address: string, options: ConnectOptions): Promise<void> {
  await withClient(address, options, async (client, signal, printer) => {
    const actions = await client.runAction<readonly ActionListing[]>('isock.actions', undefined, { signal })
    const others = await othersOf(client, signal)
    if (options.json) for (const listing of [...actions, ...others]) await printer.item(listing)
    else await print(tablesOf(actions, others))
  })
}

/** What the server has beside actions; nothing where it is too old to say. */
export async function othersOf(client: Client, signal: AbortSignal): Promise<readonly Listed[]> {
  try {
    return await client.runAction<readonly Listed[]>('isock.listing', undefined, { signal })
  } catch (error) {
    if (error instanceof ServerError && error.code === 'UNKNOWN_ACTION') return []
    throw error
  }
}

/** A table for each kind. */
export function tablesOf(actions: readonly ActionListing[], others: readonly Listed[]): string {
  const kinds = [...new Set(others.map(({ kind }) => kind))]
  const ofOthers = kinds.map((kind) => tableOf(kind, others))
  const ofActions = table([['ACTION', 'KIND', 'SCHEMA', 'DESCRIPTION'], ...actions.map(rowOf)])
  const all = [...(actions.length === 0 ? [] : [ofActions]), ...ofOthers]
  return all.length === 0 ? 'the server offers no actions\n' : all.join('\n')
}

function rowOf({ name, kind, input, output, items, description }: ActionListing): string[] {
  const given = output && `-> ${shortSchema(output)}`
  const yielded = items && `yields ${shortSchema(items)}`
  const schema = [input && shortSchema(input), given, yielded].filter(Boolean).join(' ')
  return [name, kind, schema || '-', description ?? '']
}

/** The columns are what the features say of this kind: untrusted, as all that a server sends. */
function tableOf(kind: string, others: readonly Listed[]): string {
  const listed = others.filter((each) => each.kind === kind)
  const columns = new Set(listed.flatMap((each) => Object.keys(each)))
  for (const known of ['kind', 'name', 'description']) columns.delete(known)
  const rows = listed.map((each) => [
    String(each.name),
    ...[...columns].map((column) => String(each[column] ?? '-')),
    String(each.description ?? ''),
  ])
  return table([[kind, ...columns, 'description'].map((heading) => heading.toUpperCase()), ...rows])
}
