// The chat's server: models, guards, signals, a public channel, and tasks that load and save.

import { ActionError, type Context, type Member, Server, ShutdownTask, StartupTask, type TaskContext } from 'isock'
import { data, fromLexicons, parseFilter, parseSort } from 'isock/data'
import { lexicons, reply, respond } from 'isock/lexicons'
import { listenWeb } from 'isock/web'
import { Login, nameOf, Register, Tokens } from './guards.ts'
import { ChatMessage, User } from './models.ts'
import { type ChatLine, type ChatQuery, CreateChatMessage, GetChatList, GetToken, Public } from './shared.ts'

export interface RunningChat extends AsyncDisposable {
  /** Where programs connect: over TCP. */
  readonly address: string
  /** Where browsers connect, and clients of lexicons at /lexicons. */
  readonly url: string
}

const longestContent = 2_000
const longestList = 100
/** What a client may ask for: not of authors' fields. */
const listedFields = ['pk', 'channel', 'content', 'timestamp'] as const
const tokensAreValidMs = 24 * 3_600_000

/**
 * `dataDirectory`: where the tables are kept while it does not run. `pageDirectory`: what browsers get, at `webPort`;
 * a port of 0 stands for any free one.
 */
export async function startChat(dataDirectory: string, pageDirectory: string, webPort = 0): Promise<RunningChat> {
  const tokens = new Tokens(tokensAreValidMs)
  const server: Server = new Server({
    port: 0,
    features: [data({ models: [User, ChatMessage] })],
    guards: [new Login(() => server, tokens), new Register(() => server)],
    // Either will do.
    gate: (verdicts) => verdicts.some(Boolean),
    log: { debug: () => undefined, info: () => undefined, warn: console.warn, error: console.error },
  })
  server.addTask(new LoadTables(dataDirectory)).addTask(new SaveTables(dataDirectory))
  // A page that is loaded again has not gone.
  server.addChannel(new ServedPublic(server), { presenceGraceMs: 2_000 })
  server.addAction(CreateChatMessage, createChatMessage)
  server.addAction(GetChatList, getChatList)
  server.addAction(GetToken, (_data, { session: { identity } }) => ({
    token: tokens.make(String(identity?.id)),
    name: String(identity?.['name']),
  }))
  await server.listen()
  const { url } = await listenWeb(server, {
    port: webPort,
    static: pageDirectory,
    gateways: [
      lexicons({
        headers: [Login, Register],
        channels: [Public],
        // Its clients spell filters in their own way: { timestamp__gt: 0, sort: '-timestamp' }.
        input: (kwargs, name) => (name === 'GetChatList' ? fromLexicons(kwargs) : kwargs),
      }),
    ],
  })
  return {
    address: server.addresses[0] as string,
    url,
    [Symbol.asyncDispose]: () => server.shutdown({ graceMs: 5_000 }),
  }
}

async function createChatMessage(data: { channel: string; content: string }, context: Context): Promise<ChatLine> {
  const { channel, content } = data
  if (channel !== 'Public') throw new ActionError(`There is no channel "${channel}" to write to.`)
  if (typeof content !== 'string' || content.trim() === '' || content.length > longestContent)
    throw new ActionError(`A message has 1 to ${longestContent} characters.`)
  const author = await context.db.get(User, String(context.session.identity?.id))
  const row = await context.db.create(ChatMessage, { author, channel, content, timestamp: Date.now() / 1_000 })
  // Nobody hears of what may still not be kept.
  await context.db.commit()
  const { pk, timestamp } = row
  return respond(context, { pk, author: nameOf(author.email), channel, content, timestamp }, [Public])
}

async function getChatList({ filter = {}, options = {} }: ChatQuery, context: Context): Promise<ChatLine[]> {
  const { sort, limit = longestList, offset = 0 } = options
  const fields = { fields: listedFields }
  const found = await context.db.query(ChatMessage, parseFilter(filter, ChatMessage, fields), {
    // No more than a page shows.
    limit: Math.min(limit, longestList),
    offset,
    sort: parseSort(sort ?? '-timestamp', ChatMessage, fields),
  })
  const messages = await context.db.hydrate(sort === undefined ? found.reverse() : found)
  const lines = messages.map(({ author, ...message }) => ({ ...message, author: nameOf((author as User).email) }))
  return reply(context, lines)
}

/** Says who comes and goes, for clients that do not see who is present. */
class ServedPublic extends Public {
  static override channelName = 'Public'
  readonly #server: Server

  constructor(server: Server) {
    super()
    this.#server = server
  }

  override onJoin({ info }: Member): void {
    if (this.#countOf(nameIn(info)) === 1) this.#say({ UserEnter: `${nameIn(info)} has come` })
  }

  override onLeave({ info }: Member): void {
    if (this.#countOf(nameIn(info)) === 0) this.#say({ UserExit: `${nameIn(info)} has gone` })
  }

  /** Somebody may be here with two pages, or with one that was loaded again. */
  #countOf(name: string): number {
    const { length } = this.#server
      .channel(Public)
      .presence()
      .filter(({ info }) => info.name === name)
    return length
  }

  #say(message: { UserEnter: string } | { UserExit: string }): void {
    this.#server.publish(Public, message).catch((error: unknown) => {
      // At the end nobody is left who would hear of it.
      if (!this.#server.isShuttingDown) throw error
    })
  }
}

function nameIn(info: unknown): string {
  return (info as { readonly name: string }).name
}

/** `data: { directory }` does the same for a server that needs no say in it. */
class LoadTables extends StartupTask {
  readonly #directory: string

  constructor(directory: string) {
    super()
    this.#directory = directory
  }

  override async run({ server, signal }: TaskContext): Promise<void> {
    await server.db.load(this.#directory, { signal })
  }
}

class SaveTables extends ShutdownTask {
  readonly #directory: string

  constructor(directory: string) {
    super()
    this.#directory = directory
  }

  override async run({ server, signal }: TaskContext): Promise<void> {
    await server.db.save(this.#directory, { signal })
  }
}
