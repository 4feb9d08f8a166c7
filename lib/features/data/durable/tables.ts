// The tables of durable calls. Changes of them only add, so that two releases can use one store at the same time; migrating, saving and
// loading models leaves them alone.
//
//   isock_node     a server process, and when it was last seen
//   isock_session  a client's session: who may resume it, which server has it (a higher generation wins), and since when it has no link
//   isock_claim    a time at which a task was due, and the server that did its run
//   isock_lease    the server that does the runs of a task, and until when
//   isock_key      the answer of calls with an idempotency key, or the call that runs with it
//   isock_answer   the last answer in a slot of a session: a later call of the slot overwrites it
import type { DurableStore, Run } from './durable-store.ts'

/** The tables, by the names that statements use. */
export interface Tables {
  readonly node: string
  readonly session: string
  readonly answer: string
  readonly claim: string
  readonly lease: string
  readonly key: string
}

export function tablesOf(store: DurableStore): Tables {
  return {
    node: store.nameOf('isock_node'),
    session: store.nameOf('isock_session'),
    answer: store.nameOf('isock_answer'),
    claim: store.nameOf('isock_claim'),
    lease: store.nameOf('isock_lease'),
    key: store.nameOf('isock_key'),
  }
}

/** What `state` of an answer says. Started: a durable action runs, or was cut; Unknown: it was cut. */
export const AnswerState = { Started: 1, Result: 2, Failure: 3, Unknown: 4, Buried: 5 } as const

/** Creates what is missing. `inStore`: the name of a table in the statement that creates it. */
export async function createTables(store: DurableStore, inStore: (name: string) => string): Promise<void> {
  const { node, session, answer, claim, lease, key } = tablesOf(store)
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
        session,
        `id text primary key, secret_hash ${bytes} not null, identity text, slots integer not null, node text,
         generation ${big} not null, cut_at ${big}`,
      ),
    )
    await run(
      create(
        answer,
        `session text not null references ${session} (id) on delete cascade, slot integer not null, seq ${big} not null,
         state integer not null, action text not null, items ${bytes}, answer ${bytes}, primary key (session, slot)`,
        end,
      ),
    )
  })
}
