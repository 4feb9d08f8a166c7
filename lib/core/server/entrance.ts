// How clients get in: judged by the guards, given a session, and asked about again while it stands.
import type { Accounting } from '../accounting/accounting.ts'
import type { IsockError } from '../base/errors.ts'
import { encodeThrown } from '../wire/encode-thrown.ts'
import { discreet } from '../wire/rich/discreet-error.ts'
import { Admission } from './admission.ts'
import { identifyByFingerprint, Judges } from './judges.ts'
import { receive } from './reception.ts'
import { Revalidation } from './revalidation.ts'
import type { ResolvedServerOptions } from './server-options.ts'
import type { SessionSurroundings } from './server-session.ts'
import type { SessionStore } from './session-store.ts'
import { TrustList } from './trust.ts'

export interface EntranceOptions {
  readonly options: ResolvedServerOptions
  readonly accounting: Accounting
  readonly store: SessionStore
  readonly surroundings: SessionSurroundings
  /** Where the server listens. */
  readonly addresses: () => readonly string[]
  /** Why nobody is let in at the moment, if so. */
  readonly refusal: () => IsockError | undefined
}

export class Entrance {
  readonly admission: Admission
  readonly revalidation: Revalidation

  constructor({ options, accounting, store, surroundings, addresses, refusal }: EntranceOptions) {
    const { clock, limits, log, guards, gate, given } = options
    const { codec, classes } = surroundings
    const judges = new Judges({
      log,
      guards,
      gate,
      trust: new TrustList(given.trust),
      allowClearText: given.allowClearTextToken ?? false,
      identify: given.tls?.identify ?? identifyByFingerprint,
    })
    this.revalidation = new Revalidation({ clock, log, judges, store, limitMs: limits.handshakeTimeoutMs })
    this.admission = new Admission({
      clock,
      limits,
      accounting,
      log,
      judges,
      encodeError: (error) => encodeThrown(codec, discreet(error, classes)),
      addresses,
      refusal,
      accept: (link, hello, admitted) => {
        const session = receive(link, hello, admitted.identity, store, surroundings)
        this.revalidation.watch(session, admitted)
      },
    })
  }
}
