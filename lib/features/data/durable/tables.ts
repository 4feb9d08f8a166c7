// The tables of durable calls. Changes of them only add, so that two releases can use one store at the same time; migrating, saving and
// loading models leaves them alone.
//
//   isock_node     a server process, and when it was last seen
//   isock_session  a client's session: who may resume it, which server has it (a higher generation wins), and since when it has no link
//   isock_claim    a time at which a task was due, and the server that did its run
//   isock_lease    the server that does the runs of a task, and until when
//   isock_key      the answer of calls with an idempotency key, or the call that runs with it
//   isock_service  the state of a durable service and key: its lock is the turn
//   isock_answer   the last answer in a slot of a session, and since when: a later call of the slot overwrites it
//   isock_store    which store this is
//   isock_room     a room of a channel, and the number of its last message
//   isock_message  the messages of rooms
import { randomBytes } from 'node:crypto'
import type { DurableStore, Run } from './durable-store.ts'

/** The tables, by the names that statements use. */
export interface Tables {
  readonly node: string
  readonly session: string
  readonly answer: string
  readonly claim: string
  readonly lease: string
  readonly key: string
  readonly store: string
  readonly room: string
  readonly message: string
  readonly service: string
}

export function tablesOf(store: DurableStore): Tables {
  return {
    node: store.nameOf('isock_node'),
    session: store.nameOf('isock_session'),
    answer: store.nameOf('isock_answer'),
    claim: store.nameOf('isock_claim'),
    lease: store.nameOf('isock_lease'),
    key: store.nameOf('isock_key'),
    store: store.nameOf('isock_store'),
    room: store.nameOf('isock_room'),
    message: store.nameOf('isock_message'),
    service: store.nameOf('isock_service'),
  }
}

/** What `state` of an answer says. Started: a durable action runs, or was cut; Unknown: it was cut. */
export const AnswerState = { Started: 1, Result: 2, Failure: 3, Unknown: 4, Buried: 5 } as const

/** Creates what is missing. `inStore`: the name of a table in the statement that creates it. */
export async function createTables(store: DurableStore, inStore: (name: string) => string): Promise<void> {
  const { node, session, answer, claim, lease, key, service } = tablesOf(store)
  const [big, bytes, end] = store.isPostgres ? ['bigint', 'bytea', ' with (fillfactor = 60)'] : ['integer', 'blob', '']
  const create = (name: string, columns: string, more = ''): string =>
    `create table if not exists ${inStore(name)} (${columns})${more}`
  await store.transaction(async (run: Run) => {
    // Two servers may start at the same time.
    if (store.isPostgres) await run("select pg_advisory_xact_lock(hashtext('isock.durable'))")
    await run(create(node, `life text primary key, seen_at ${big} not null`))
    await run(
      create(claim, `task text not null, due_at ${big} not null, node text not null, primary key (task, due_at)`),
    )
    await run(create(lease, `task text primary key, node text not null, until ${big} not null`))
    await run(
      create(
        key,
        `hash ${bytes} primary key, fingerprint ${bytes} not null, state integer not null, session text not null,
         seq ${big} not null, items ${bytes}, answer ${bytes}, until ${big} not null`,
      ),
    )
    await run(
      `create index if not exists ${inStore('isock_key_until')} on ${store.isPostgres ? key : 'isock_key'} (until)`,
    )
    await run(
      create(
        service,
        `name text not null, key text not null, phase text not null, version ${big} not null, state_version integer not null,
         state ${bytes}, primary key (name, key)`,
        end,
      ),
    )
    await run(
      create(
        session,
        `id text primary key, secret_hash ${bytes} not null, identity text, slots integer not null, node text,
         generation ${big} not null, cut_at ${big}`,
      ),
    )
    await run(
      create(
        answer,
        `session text not null references ${session} (id) on delete cascade, slot integer not null, seq ${big} not null,
         state integer not null, action text not null, items ${bytes}, answer ${bytes}, at ${big}, primary key (session, slot)`,
        end,
      ),
    )
    await addColumn(store, run, inStore, { table: 'isock_answer', column: 'at', type: big })
    await createLogs(store, run, create, inStore)
  })
}

/** Adds a column that a table of an earlier version lacks. It is null in rows that an earlier version writes. */
async function addColumn(
  store: DurableStore,
  run: Run,
  inStore: (name: string) => string,
  { table, column, type }: { readonly table: string; readonly column: string; readonly type: string },
): Promise<void> {
  const find = store.isPostgres
    ? 'select attname from pg_attribute where attrelid = to_regclass(?) and attname = ? and not attisdropped'
    : 'select name from pragma_table_info(?) where name = ?'
  // Looked up first, because the statement would wait for all that use the table.
  if ((await run(find, [store.isPostgres ? store.nameOf(table) : table, column])).length > 0) return
  await run(`alter table ${store.isPostgres ? store.nameOf(table) : inStore(table)} add column ${column} ${type}`)
}

async function createLogs(
  store: DurableStore,
  run: Run,
  create: (name: string, columns: string, more?: string) => string,
  inStore: (name: string) => string,
): Promise<void> {
  const tables = tablesOf(store)
  const [big, bytes, end] = store.isPostgres ? ['bigint', 'bytea', ' with (fillfactor = 60)'] : ['integer', 'blob', '']
  const index = store.isPostgres ? 'isock_message_at' : inStore('isock_message_at')
  await run(create(tables.store, 'one integer primary key, id text not null, place text not null'))
  await run(`insert into ${tables.store} (one, id, place) values (1, ?, '') on conflict (one) do nothing`, [
    randomBytes(12).toString('hex'),
  ])
  const room = `channel text not null, room text not null, head ${big} not null, primary key (channel, room)`
  await run(create(tables.room, room, end))
  await run(
    create(
      tables.message,
      `channel text not null, room text not null, number ${big} not null, at ${big} not null, batch text not null,
       item ${bytes} not null, audience text, primary key (channel, room, number)`,
    ),
  )
  await run(
    `create index if not exists ${index} on ${store.isPostgres ? tables.message : 'isock_message'} (channel, at)`,
  )
}
