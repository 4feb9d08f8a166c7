// What `server.reloadTls` does: all ports renew, or none where what was given cannot be used.
import { ServerError } from '../base/errors.ts'
import { checkOptions, type OptionTable } from '../base/option-table.ts'
import type { TlsRenewal } from '../link/listener.ts'

/** What has ports. */
export interface TlsPorts {
  /** What renews each of them; throws where it cannot. */
  tlsRenewals(renewal: TlsRenewal | undefined): (() => void)[]
}

const renewalOptions: OptionTable<TlsRenewal> = { key: 'protects', cert: 'protects', ca: 'protects', passphrase: 'any' }

/** Throws ClientError (`INVALID_OPTION`); ServerError (`INVALID_USAGE`) where no port has TLS. */
export function reloadTls(ports: readonly TlsPorts[], renewal: TlsRenewal | undefined): void {
  if (renewal !== undefined) checkOptions('reloadTls', renewal, renewalOptions)
  const renewals = ports.flatMap((each) => each.tlsRenewals(renewal))
  if (renewals.length === 0)
    throw new ServerError('reloadTls: no port of this server listens with TLS', { code: 'INVALID_USAGE' })
  for (const renew of renewals) renew()
}
