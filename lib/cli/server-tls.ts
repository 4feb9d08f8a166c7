// The TLS of the commands that listen, from the files in their options.

import type { ServerTls } from '../core/server/server-options.ts'
import { requirePortForTls, type TlsFiles, tlsOf } from '../modules/tls-files.ts'

const flags = { tlsKey: '--tls-key', tlsCert: '--tls-cert', tlsCa: '--tls-ca' } as const

/** @throws ClientError (`INVALID_OPTION`) that names the option of the command line. */
export function serverTls(files: TlsFiles, port: number | undefined): ServerTls | undefined {
  const tls = tlsOf(files, (option) => flags[option])
  requirePortForTls(tls, port)
  return tls
}
