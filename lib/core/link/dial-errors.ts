// The error messages of failed connections: a readable reason, and a hint when the address is probably wrong.

const untrusted =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE)$/

/** A hint for the errors of OpenSSL and Node over TLS, which suggest no remedy. */
export function hintOfTls(isTls: boolean, error: NodeJS.ErrnoException): string {
  const { code = '' } = error
  if (!isTls) return ''
  const isNoTls =
    code === 'ECONNRESET' ||
    /^(wrong version number|packet length too long|tlsv1 alert protocol version)$/.test(reasonOf(error)) ||
    /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|TLSV1_ALERT_PROTOCOL_VERSION)$/.test(code)
  if (isNoTls) return '; does the server speak TLS there?'
  return untrusted.test(code) ? '; trust the authority that signed it by the option tls: { ca }' : ''
}

/** Happy eyeballs reports one error for each address tried; the first is enough. */
export function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message
  // OpenSSL's messages name its source files and end in a line break; `reason` is the plain text.
  const { reason } = error as { reason?: unknown }
  if (typeof reason === 'string' && reason !== '') return reason
  // The form that failed writes have: `write EPROTO <thread>:error:<number>:SSL routines:<function>:<reason>:<file>:<line>`.
  const words = /:SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1]
  if (words !== undefined) return words
  return error.message || (error as NodeJS.ErrnoException).code || error.name
}
