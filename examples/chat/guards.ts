// Who is let in: who has an account, or makes one. What they are shown comes from strangers.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { AuthError, Guard, type Identity, type Server } from 'isock'
import { ConflictError, verifyPassword } from 'isock/data'
import { User } from './models.ts'
import type { Account } from './shared.ts'

/** Tokens for those who have signed in: for a page that is loaded again, so that it need not keep the password. */
export class Tokens {
  readonly #secret = randomBytes(32)
  readonly #validMs: number

  constructor(validMs: number) {
    this.#validMs = validMs
  }

  make(pk: string): string {
    const text = `${pk}.${Date.now() + this.#validMs}`
    return `${text}.${this.#sign(text).toString('hex')}`
  }

  /** Whom a token is for; undefined: it is none of ours, or has expired. */
  read(token: string): string | undefined {
    const [pk = '', expiresAtMs = '', signature = ''] = token.split('.')
    const given = Buffer.from(signature, 'hex')
    const right = this.#sign(`${pk}.${expiresAtMs}`)
    const isOurs = given.length === right.length && timingSafeEqual(given, right)
    return isOurs && Number(expiresAtMs) > Date.now() ? pk : undefined
  }

  #sign(text: string): Buffer {
    return createHmac('sha256', this.#secret).update(text).digest()
  }
}

/** Takes an account, or a token instead. */
export class Login extends Guard<Account | { readonly token: string }> {
  readonly #server: () => Server
  readonly #tokens: Tokens

  constructor(server: () => Server, tokens: Tokens) {
    super()
    this.#server = server
    this.#tokens = tokens
  }

  override async check(credential: unknown): Promise<Identity | false> {
    if (credential === undefined) return false
    const { token } = (credential ?? {}) as { readonly token?: unknown }
    const user = typeof token === 'string' ? await this.#byToken(token) : await this.#byPassword(credential)
    if (user === undefined) throw new AuthError('The e-mail or the password is wrong.')
    return identityOf(user)
  }

  #byToken(token: string): Promise<User | undefined> {
    const pk = this.#tokens.read(token)
    return this.#server().db.transaction((db) => (pk === undefined ? undefined : db.find(User, pk)))
  }

  async #byPassword(credential: unknown): Promise<User | undefined> {
    const { email, password } = accountOf(credential)
    const user = await this.#server().db.transaction((db) => db.find(User, { email }))
    return (await verifyPassword(user?.password ?? null, password)) ? user : undefined
  }
}

/** Makes an account. */
export class Register extends Guard<Account> {
  readonly #server: () => Server

  constructor(server: () => Server) {
    super()
    this.#server = server
  }

  override async check(credential: unknown): Promise<Identity | false> {
    if (credential === undefined) return false
    try {
      const account = accountOf(credential)
      if (account.password.length < 8) throw new AuthError('A password has 8 characters or more.')
      return identityOf(await this.#server().db.transaction((db) => db.create(User, account)))
    } catch (error) {
      throw error instanceof ConflictError ? new AuthError('Somebody has this e-mail already.') : error
    }
  }
}

export function nameOf(email: string): string {
  return email.split('@')[0] as string
}

function identityOf({ pk, email }: User): Identity {
  return { id: pk, name: nameOf(email) }
}

function accountOf(credential: unknown): Account {
  const { email, password } = (credential ?? {}) as { readonly email?: unknown; readonly password?: unknown }
  if (typeof email !== 'string' || !/^[^@\s]{1,64}@[^@\s]{1,255}$/.test(email))
    throw new AuthError('That is not an e-mail address.')
  if (typeof password !== 'string') throw new AuthError('A password is a text.')
  return { email, password }
}
