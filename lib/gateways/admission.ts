// Admits a foreign client to the server. Its credentials open a session over an in-memory link, where the guards check it like
// any other client. Translates a refusal into an HTTP status and a close code. Leaves reading credentials to each gateway.
import type { Owner } from '../core/accounting/owner.ts'
import type { SessionView } from '../core/action/context.ts'
import { AuthError, type ErrorCode, IsockError } from '../core/base/errors.ts'
import type { Peer } from '../core/link/link.ts'
import { type WebHost, WebRefusal } from '../features/web/gateway.ts'
import { LocalClient, type LocalClientOptions } from './local-client.ts'
import { status } from './status-codes.ts'

export interface Admitted {
  readonly client: LocalClient
  /** Undefined once the session has ended. */
  readonly session: SessionView | undefined
  /** The owner that the client counts for. */
  readonly owner: Owner
}

/** Why the server does not admit a client. Its message is for that client. */
export class AdmissionRefusal extends WebRefusal {
  readonly code: ErrorCode

  constructor(status: number, code: ErrorCode, message: string, cause: unknown) {
    super(status, message)
    this.code = code
    this.cause = cause
  }

  /** For a WebSocket: 1008 if the client has to change something, 1013 if it may try again later. */
  get closeCode(): number {
    return this.status === status.busy ? 1013 : 1008
  }
}

/** Connects the client, which its caller closes. Rejects with AdmissionRefusal. */
export async function admit(host: WebHost, peer: Peer, client: LocalClient): Promise<Admitted> {
  try {
    await client.connect()
  } catch (error) {
    throw error instanceof IsockError ? admissionRefusal(error) : error
  }
  const session = host.findSession(client.sessionId)
  return { client, session, owner: { address: peer.address, identity: session?.identity?.id } }
}

/** The same for a new client, which is closed if it is refused. */
export async function admitNew(host: WebHost, peer: Peer, options: LocalClientOptions): Promise<Admitted> {
  const client = new LocalClient(host, peer, options)
  try {
    return await admit(host, peer, client)
  } catch (error) {
    void client.close()
    throw error
  }
}

/** The error of `connect()`, as a refusal. */
export function admissionRefusal(error: unknown): AdmissionRefusal {
  if (error instanceof AdmissionRefusal) return error
  const refuse = (status: number, code: ErrorCode, message: string): AdmissionRefusal =>
    new AdmissionRefusal(status, code, message, error)
  if (error instanceof AuthError) return refuse(status.unauthenticated, 'UNAUTHENTICATED', error.message)
  const { code, message } = error instanceof IsockError ? error : { code: 'INTERNAL', message: '' }
  if (code === 'INVALID_OPTION')
    return refuse(status.headersTooLarge, 'TOO_LARGE', 'the credentials have more than 4 KiB')
  if (code === 'NAME_TAKEN') return refuse(status.conflict, code, message)
  if (code === 'SHUTTING_DOWN') return refuse(status.busy, code, message)
  return refuse(status.busy, 'BUSY', 'the server accepts no more clients at the moment')
}
