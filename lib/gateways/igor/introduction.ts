// `introduce_self`: a client says which id it wants to be known by, or comes back to the one that it had. An id alone is
// no proof: whoever comes back shows the secret that only this client was given, or an id that nobody can guess.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Credential } from '../../core/action/guard.ts'
import type { Clock } from '../../core/base/clock.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import { isName } from '../../core/wire/frames/frame.ts'
import { admissionCode, closeText, code, dataText } from './answers.ts'
import { areSame, credentialsFrom } from './credentials.ts'
import type { IgorClient, Introduced } from './igor-client.ts'
import type { Message, StreamId } from './message.ts'
import type { ClientSocket } from './outbox.ts'
import type { Roster } from './roster.ts'

export const introduceAction = 'introduce_self'

export interface Introduction {
  readonly streamId: StreamId
  readonly data: unknown
  /** Who introduces itself, and through which socket. */
  readonly client: IgorClient
  readonly socket: ClientSocket
}

/** Randomly made: 122 bits that nobody guesses. */
const randomUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

export interface IntroductionOptions {
  /** A random UUID needs no secret. */
  readonly uuidsProve: boolean
  /** As with Igor: no id needs a secret, and an introduction has no answer. */
  readonly compatible: boolean
  readonly clock: Clock
  /** How long an introduction may take. */
  readonly limitMs: number
}

export class Introductions {
  readonly #roster: Roster
  readonly #options: IntroductionOptions

  constructor(roster: Roster, options: IntroductionOptions) {
    this.#roster = roster
    this.#options = options
  }

  /**
   * Whether this message proves a client that is known, by what it shows and what its request showed. The guards are asked
   * when it is introduced.
   */
  isOfKnown(message: Message, shown: readonly Credential[]): boolean {
    if (message.kind !== 'run' || message.action !== introduceAction) return false
    try {
      const wish = readWish(message.data, shown)
      const known = this.#roster.find(wish.id)
      return known !== undefined && this.#isProven(known, wish)
    } catch {
      return false
    }
  }

  /** Answers the client, and gives whom its socket speaks for from now on. Never rejects. */
  async introduce(introduction: Introduction): Promise<IgorClient> {
    const { client, streamId } = introduction
    try {
      return await this.#introduce(introduction)
    } catch (error) {
      const refusal = error instanceof Refusal ? error : refusalFor(error)
      client.refuse(streamId, refusal.message, refusal.code)
      return client
    }
  }

  async #introduce({ streamId, data, client, socket }: Introduction): Promise<IgorClient> {
    const wish = readWish(data, client.credentials)
    const { introduced } = client
    if (introduced?.id === wish.id) {
      this.#answer(client, streamId, wish, introduced)
      return client
    }
    if (introduced !== undefined) {
      const message = `this client is known as ${JSON.stringify(introduced.id)} already; open another connection for another id`
      throw new Refusal(message, code.conflict)
    }
    const known = this.#roster.find(wish.id)
    if (known !== undefined) return this.#takeUp(known, wish, { streamId, client, socket })
    const fresh = { id: wish.id, secret: randomBytes(16).toString('hex') }
    await this.#claim(client, fresh, wish.credentials)
    this.#answer(client, streamId, wish, fresh)
    return client
  }

  #answer(client: IgorClient, streamId: StreamId, wish: Wish, { secret }: Introduced): void {
    for (const text of this.#answerTo(streamId, wish, secret)) client.outbox.push(text)
  }

  /** `streams`: of one that came back. Of no other stream that it had does it hear any more. */
  #answerTo(streamId: StreamId, { asGiven }: Wish, secret: string, streams?: readonly StreamId[]): readonly string[] {
    if (this.#options.compatible) return []
    const how = streams === undefined ? { resumed: false } : { resumed: true, streams }
    return [dataText(streamId, { client_id: asGiven, secret, ...how }), closeText(streamId)]
  }

  async #takeUp(
    known: IgorClient,
    wish: Wish,
    { streamId, client, socket }: Omit<Introduction, 'data'>,
  ): Promise<IgorClient> {
    const introduced = known.introduced as Introduced // by id are found those alone that have one
    if (!this.#isProven(known, wish)) throw notProven(wish.id)
    // Igor runs one action after the other: what was sent before is over when it introduces a client.
    const { compatible, clock, limitMs } = this.#options
    if (compatible) await settlesWithin(clock, client.whenIdle(), limitMs)
    if (client.openStreams > 0) throw new Refusal('introduce yourself before you run actions', code.conflict)
    // They judge where a client comes from as well; what they said of the former connection says nothing of this one.
    const identity = await client.admittance.identityWith(wish.credentials)
    if (client.isGone || this.#roster.find(wish.id) !== known) throw new Refusal('the connection is closed', code.busy)
    if (identity?.id !== known.identity?.id) throw notProven(wish.id)
    known.renewIdentity(identity)
    client.detach(socket)
    const greeting = this.#answerTo(streamId, wish, introduced.secret, known.streamIds)
    this.#roster.comeBack(known, socket, client.holdings.address, greeting)
    this.#roster.forget(client)
    return known
  }

  #isProven(known: IgorClient, { id, secret, credentials }: Wish): boolean {
    const { compatible, uuidsProve } = this.#options
    const isProven = compatible || areEqual(secret, known.introduced?.secret) || (uuidsProve && randomUuid.test(id))
    // The session belongs to whom the guards took it for.
    return isProven && areSame(credentials, known.credentials)
  }

  async #claim(client: IgorClient, fresh: Introduced, credentials: readonly Credential[]): Promise<void> {
    const local = client.admittance.makeLocal(credentials, fresh.id)
    try {
      // Of two who want the same name at once the server lets in one.
      await local.connect()
      if (client.isGone) throw new Refusal('the connection is closed', code.busy)
      client.become(fresh, local, credentials)
      this.#roster.name(fresh.id, client)
    } catch (error) {
      await local.close()
      throw error
    }
  }
}

class Refusal extends Error {
  readonly code: number

  constructor(message: string, number: number) {
    super(message)
    this.code = number
  }
}

interface Wish {
  readonly id: string
  /** Igor's clients may have a number, and get back what they gave. */
  readonly asGiven: unknown
  readonly secret: string | undefined
  readonly credentials: readonly Credential[]
}

/** What the client asks for; what it does not show now is what its request showed. Throws Refusal. */
function readWish(data: unknown, shown: readonly Credential[]): Wish {
  const fields = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {}
  const { client_id: id, secret } = fields
  if (id === undefined || id === null)
    throw new Refusal('introduce_self has no client_id; send {"client_id": "<your id>"} as its data', code.bad)
  const text = Number.isSafeInteger(id) ? String(id) : id
  if (!isName(text)) throw new Refusal('client_id: expected a text of 1 to 512 bytes or a whole number', code.bad)
  if (secret !== undefined && typeof secret !== 'string') throw new Refusal('secret: expected a text', code.bad)
  const credentials = credentialsFrom(fields)
  if (credentials === undefined)
    throw new Refusal('credentials: expected an object, {"<name of a guard>": <value>}', code.bad)
  return { id: text, asGiven: id, secret, credentials: credentials.length > 0 ? credentials : shown }
}

function notProven(id: string): Refusal {
  const message = `the id ${JSON.stringify(id)} is another client's; show the "secret" that came with it, or choose another id`
  return new Refusal(message, code.forbidden)
}

function refusalFor(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : 'the introduction failed'
  return new Refusal(message, admissionCode(error))
}

/** In a time that tells nothing of the secret. */
function areEqual(shown: string | undefined, secret: string | undefined): boolean {
  if (shown === undefined || secret === undefined) return false
  const [a, b] = [Buffer.from(shown), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}
