// The client's options of TLS, in types of JavaScript alone: a page's types name them too, though its browser has its own TLS.

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
