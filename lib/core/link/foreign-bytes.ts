// Recognises a peer that does not speak isock by its first bytes, for the error of a client that was pointed at another
// program.
import { type Address, formatAddress, isWebAddress } from './address.ts'

const shownLength = 40

/** Describes what answered instead of an isock server, as in `tcp://localhost:8080 speaks HTTP, not isock: use ws://localhost:8080`. */
export function describeForeign(address: Address, bytes: Uint8Array): string {
  const name = formatAddress(address)
  const beginning = escaped(bytes)
  if (isWebAddress(address) || 'name' in address) return `${name} is not an isock server: it began with "${beginning}"`
  const isSocket = address.transport !== 'unix'
  if (/^HTTP\/\d/.test(beginning)) {
    const hint = isSocket ? `: use ${name.replace(/^tcp/, 'ws').replace(/^tls/, 'wss')}` : ''
    return `${name} speaks HTTP, not isock${hint}`
  }
  // A TLS 1.x alert or handshake record.
  if ((bytes[0] === 0x15 || bytes[0] === 0x16) && bytes[1] === 0x03 && address.transport === 'tcp')
    return `${name} speaks TLS: use ${name.replace(/^tcp/, 'tls')}`
  return `${name} is not an isock server: it began with "${beginning}"`
}

/** The first line, in ASCII that is safe for a terminal. */
function escaped(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    if (byte === 0x0a || byte === 0x0d) break
    if (text.length >= shownLength) return `${text}...`
    const isPlain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`
  }
  return text
}
