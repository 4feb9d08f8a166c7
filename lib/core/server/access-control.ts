// The access control of a server: guards authenticate each client, it gets a session, and guards are asked again while the
// session lasts.
import type { Accounting } from '../accounting/accounting.ts'
import type { IsockError } from '../base/errors.ts'
import { encodeThrown } from '../wire/encode-thrown.ts'
import { discreet } from '../wire/rich/discreet-error.ts'
import { Admission } from './admission.ts'
import { Authenticator, identifyByFingerprint } from './authenticator.ts'
import { Revalidation } from './revalidation.ts'
import type { ResolvedServerOptions } from './server-options.ts'
import type { SessionSurroundings } from './server-session.ts'
import { SessionAdoption } from './session-adoption.ts'
import { openSession } from './session-opening.ts'
import type { SessionStore } from './session-store.ts'
import { TrustList } from './trust.ts'

export interface AccessControlOptions {
  readonly options: ResolvedServerOptions
  readonly accounting: Accounting
  readonly store: SessionStore
  readonly surroundings: SessionSurroundings
  /** The addresses at which the server listens. */
  readonly addresses: () => readonly string[]
  /** The reason why no client is currently admitted, if any. */
  readonly refusal: () => IsockError | undefined
}

export class AccessControl {
  readonly admission: Admission
  readonly revalidation: Revalidation

  constructor({ options, accounting, store, surroundings, addresses, refusal }: AccessControlOptions) {
    const { clock, limits, log, guards, gate, given } = options
    const { codec, classes } = surroundings
    const authenticator = new Authenticator({
      log,
      guards,
      gate,
      trust: new TrustList(given.trust),
      allowClearText: given.allowClearTextToken ?? false,
      identify: given.tls?.identify ?? identifyByFingerprint,
    })
    this.revalidation = new Revalidation({ clock, log, authenticator, store, limitMs: limits.handshakeTimeoutMs })
    this.admission = new Admission({
      clock,
      limits,
      accounting,
      log,
      authenticator,
      encodeError: (error) => encodeThrown(codec, discreet(error, classes)),
      addresses,
      refusal,
      adoption: new SessionAdoption(store),
      accept: (link, hello, admitted, adopted) => {
        const session = openSession(link, hello, admitted.identity, store, surroundings, adopted)
        this.revalidation.watch(session, admitted)
      },
    })
  }
}
