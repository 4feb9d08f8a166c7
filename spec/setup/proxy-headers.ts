// Headers of the PROXY protocol, as proxies write them; made from the protocol's document, not from the code that reads them.

const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]

export function lineFor(source: string, port = 40_000): string {
  return source.includes(':')
    ? `PROXY TCP6 ${source} 2001:db8::1 ${port} 4440\r\n`
    : `PROXY TCP4 ${source} 192.0.2.1 ${port} 4440\r\n`
}

/** Version 2, of these parts; `length` says another than the body has. */
export function binaryOf(command: number, family: number, body: readonly number[], length = body.length): Buffer {
  return Buffer.from([...signature, command, family, length >> 8, length & 0xff, ...body])
}

/** 203.0.113.7:40000 to 192.0.2.1:4440. */
export const ipv4Body = [203, 0, 113, 7, 192, 0, 2, 1, 0x9c, 0x40, 0x11, 0x58]
/** [2001:db8::7]:40000 to [2001:db8::1]:4440. */
export const ipv6Body = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x9c, 0x40, 0x11, 0x58],
]
/** A TLV: the authority "example.org". */
export const tlv = [0x02, 0x00, 0x0b, ...Buffer.from('example.org')]
