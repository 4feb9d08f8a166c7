// The error texts for failed connections: the reason in helpful words, and what may be meant instead.

/** A hint for the errors of OpenSSL and Node when the server does not speak TLS, which suggest no remedy. */
export function hintOfTls(isTls: boolean, error: NodeJS.ErrnoException): string {
  const { code } = error
  const isNoTls =
    code === 'ECONNRESET' ||
    /^(wrong version number|packet length too long|tlsv1 alert protocol version)$/.test(reasonOf(error)) ||
    /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|TLSV1_ALERT_PROTOCOL_VERSION)$/.test(code ?? '')
  return isTls && isNoTls ? '; does the server speak TLS there?' : ''
}

/** Happy eyeballs reports one error for each address tried; the first is enough. */
export function reasonOf(error: Error): string {
  if (error instanceof AggregateError && error.errors[0] instanceof Error) return error.errors[0].message
  // OpenSSL's messages name its source files and end in a line break; `reason` holds only the words.
  const { reason } = error as { reason?: unknown }
  if (typeof reason === 'string' && reason !== '') return reason
  // The form in which socket writers get it: `write EPROTO <thread>:error:<number>:SSL routines:<function>:<reason>:<file>:<line>`.
  const words = /:SSL routines:[^:]*:([^:]+):/.exec(error.message)?.[1]
  if (words !== undefined) return words
  return error.message || (error as NodeJS.ErrnoException).code || error.name
}
