// The client's TLS options, typed without Node: the types for pages include them, although browsers do TLS themselves.

type Pem = string | Uint8Array

/** The client's side of TLS: what it trusts, and the certificate it presents. PEM text, or bytes such as a Buffer. */
export interface DialTls {
  /** Trusted authorities, instead of the platform's. */
  readonly ca?: Pem | readonly Pem[] | undefined
  readonly cert?: Pem | readonly Pem[] | undefined
  readonly key?: Pem | readonly (Pem | { readonly pem: Pem; readonly passphrase?: string | undefined })[] | undefined
  readonly passphrase?: string | undefined
  /** The name that the server's certificate must have. Default: the host of the address. */
  readonly servername?: string | undefined
  /** false accepts any certificate. Default true. */
  readonly rejectUnauthorized?: boolean | undefined
}
