// `introduce_self`: a client asks for an id, or returns to its id. An id alone proves nothing: a returning
// client shows the secret that only it received, or an id that cannot be guessed.
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Credential } from '../../core/action/guard.ts'
import type { Clock } from '../../core/base/clock.ts'
import { settlesWithin } from '../../core/base/settles-within.ts'
import { isName } from '../../core/wire/frames/frame.ts'
import { WebRefusal } from '../../features/web/gateway.ts'
import { admissionRefusal } from '../admission.ts'
import type { ClientSocket } from '../socket-queue.ts'
import { status } from '../status-codes.ts'
import { closeText, dataText } from './answers.ts'
import type { ClientTable } from './client-table.ts'
import { credentialsFrom, sameCredentials } from './credentials.ts'
import type { IgorClient, Introduced } from './igor-client.ts'
import type { Message, StreamId } from './message.ts'

export const introduceAction = 'introduce_self'

export interface Introduction {
  readonly streamId: StreamId
  readonly data: unknown
  /** The client that introduces itself, and its socket. */
  readonly client: IgorClient
  readonly socket: ClientSocket
}

/** Generated randomly: 122 bits that cannot be guessed. */
const randomUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i

export interface IntroductionsOptions {
  /** A random UUID needs no secret. */
  readonly uuidsProve: boolean
  /** Like Igor: no id needs a secret, and an introduction has no answer. */
  readonly compatible: boolean
  readonly clock: Clock
  /** How long an introduction may take. */
  readonly limitMs: number
}

export class Introductions {
  readonly #clients: ClientTable
  readonly #options: IntroductionsOptions

  constructor(clients: ClientTable, options: IntroductionsOptions) {
    this.#clients = clients
    this.#options = options
  }

  /**
   * Whether this message proves a known client, by the credentials in it or in the upgrade. The guards are asked only when
   * the client is introduced.
   */
  provesKnownClient(message: Message, shown: readonly Credential[]): boolean {
    if (message.kind !== 'run' || message.action !== introduceAction) return false
    try {
      const request = readRequest(message.data, shown)
      const known = this.#clients.find(request.id)
      return known !== undefined && this.#isProven(known, request)
    } catch {
      return false
    }
  }

  /** Answers the client. Returns the client that its socket represents from now on. Never rejects. */
  async introduce(introduction: Introduction): Promise<IgorClient> {
    const { client, streamId } = introduction
    try {
      return await this.#introduce(introduction)
    } catch (error) {
      client.refuse(streamId, error instanceof WebRefusal ? error : admissionRefusal(error))
      return client
    }
  }

  async #introduce({ streamId, data, client, socket }: Introduction): Promise<IgorClient> {
    const request = readRequest(data, client.credentials)
    const { introduced } = client
    if (introduced?.id === request.id) {
      this.#answer(client, streamId, request, introduced)
      return client
    }
    if (introduced !== undefined) {
      const message = `this client is already known as ${JSON.stringify(introduced.id)}; open another connection for another id`
      throw new WebRefusal(status.conflict, message)
    }
    const known = this.#clients.find(request.id)
    if (known !== undefined) return this.#resume(known, request, { streamId, client, socket })
    const fresh = { id: request.id, secret: randomBytes(16).toString('hex') }
    await this.#register(client, fresh, request.credentials)
    this.#answer(client, streamId, request, fresh)
    return client
  }

  #answer(client: IgorClient, streamId: StreamId, request: IntroduceRequest, { secret }: Introduced): void {
    for (const text of this.#answerTo(streamId, request, secret)) client.outbox.push(text)
  }

  /** `streams`: the streams of a returning client. It receives nothing more from its other streams. */
  #answerTo(
    streamId: StreamId,
    { asGiven }: IntroduceRequest,
    secret: string,
    streams?: readonly StreamId[],
  ): readonly string[] {
    if (this.#options.compatible) return []
    const how = streams === undefined ? { resumed: false } : { resumed: true, streams }
    return [dataText(streamId, { client_id: asGiven, secret, ...how }), closeText(streamId)]
  }

  async #resume(
    known: IgorClient,
    request: IntroduceRequest,
    { streamId, client, socket }: Omit<Introduction, 'data'>,
  ): Promise<IgorClient> {
    const introduced = known.introduced as Introduced // only clients that have one are found by id
    if (!this.#isProven(known, request)) throw notProven(request.id)
    // Igor runs actions one after the other: earlier ones have ended when it introduces a client.
    const { compatible, clock, limitMs } = this.#options
    if (compatible) await settlesWithin(clock, client.whenIdle(), limitMs)
    if (client.openStreams > 0) throw new WebRefusal(status.conflict, 'introduce yourself before you run actions')
    // Guards may also check the address of a client; their answer for the former connection does not apply to this one.
    const identity = await client.identityWith(request.credentials)
    if (client.isGone || this.#clients.find(request.id) !== known)
      throw new WebRefusal(status.busy, 'the connection is closed')
    if (identity?.id !== known.identity?.id) throw notProven(request.id)
    known.renewIdentity(identity)
    client.detach(socket)
    const greeting = this.#answerTo(streamId, request, introduced.secret, known.streamIds)
    this.#clients.resume(known, socket, client.accounts.address, greeting)
    this.#clients.forget(client)
    return known
  }

  #isProven(known: IgorClient, { id, secret, credentials }: IntroduceRequest): boolean {
    const { compatible, uuidsProve } = this.#options
    const isProven = compatible || areEqual(secret, known.introduced?.secret) || (uuidsProve && randomUuid.test(id))
    // The session belongs to the identity of these credentials.
    return isProven && sameCredentials(credentials, known.credentials)
  }

  async #register(client: IgorClient, fresh: Introduced, credentials: readonly Credential[]): Promise<void> {
    const local = client.newLocal(credentials, fresh.id)
    try {
      // If two clients want the same name at the same time, the server admits one.
      await client.admit(local)
      if (client.isGone) throw new WebRefusal(status.busy, 'the connection is closed')
      client.setIntroduced(fresh, local, credentials)
      this.#clients.name(fresh.id, client)
    } catch (error) {
      await local.close()
      throw error
    }
  }
}

interface IntroduceRequest {
  readonly id: string
  /** Igor's clients may send a number, and get back what they sent. */
  readonly asGiven: unknown
  readonly secret: string | undefined
  readonly credentials: readonly Credential[]
}

/** Reads the data of an introduction. Credentials default to those of the upgrade. Throws WebRefusal. */
function readRequest(data: unknown, shown: readonly Credential[]): IntroduceRequest {
  const fields = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {}
  const { client_id: id, secret } = fields
  if (id === undefined || id === null)
    throw new WebRefusal(
      status.badRequest,
      'introduce_self has no client_id; send {"client_id": "<your id>"} as its data',
    )
  const text = Number.isSafeInteger(id) ? String(id) : id
  if (!isName(text))
    throw new WebRefusal(status.badRequest, 'client_id: expected a text of 1 to 512 bytes or a whole number')
  if (secret !== undefined && typeof secret !== 'string')
    throw new WebRefusal(status.badRequest, 'secret: expected a text')
  const credentials = credentialsFrom(fields)
  if (credentials === undefined)
    throw new WebRefusal(status.badRequest, 'credentials: expected an object, {"<name of a guard>": <value>}')
  return { id: text, asGiven: id, secret, credentials: credentials.length > 0 ? credentials : shown }
}

function notProven(id: string): WebRefusal {
  const message = `the id ${JSON.stringify(id)} belongs to another client; send the "secret" that came with it, or choose another id`
  return new WebRefusal(status.forbidden, message)
}

/** Compares in constant time, which reveals nothing about the secret. */
function areEqual(shown: string | undefined, secret: string | undefined): boolean {
  if (shown === undefined || secret === undefined) return false
  const [a, b] = [Buffer.from(shown), Buffer.from(secret)]
  return a.length === b.length && timingSafeEqual(a, b)
}
