// `server.reloadTls`: renews all ports, or none if the TLS cannot be used.
import { ServerError } from '../base/errors.ts'
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import type { TlsRenewal } from '../link/listener.ts'

/** Something with ports. */
export interface TlsPorts {
  /** A function for each port that renews it; throws if the TLS cannot be used. */
  tlsRenewals(renewal: TlsRenewal | undefined): (() => void)[]
}

const renewalOptions: OptionTable<TlsRenewal> = { key: 'protects', cert: 'protects', ca: 'protects', passphrase: 'any' }

/** Throws ClientError (`INVALID_OPTION`); ServerError (`INVALID_USAGE`) if no port has TLS. */
export function reloadTls(ports: readonly TlsPorts[], renewal: TlsRenewal | undefined): void {
  if (renewal !== undefined) checkOptions('reloadTls', renewal, renewalOptions)
  const renewals = ports.flatMap((each) => each.tlsRenewals(renewal))
  if (renewals.length === 0)
    throw new ServerError('reloadTls: no port of this server listens with TLS', { code: 'INVALID_USAGE' })
  for (const renew of renewals) renew()
}
