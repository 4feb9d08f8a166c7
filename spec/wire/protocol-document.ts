// PROTOCOL.md as data: its table of frames, and its byte vectors.
import { readFileSync } from 'node:fs'
import { fromHex } from './frame-bytes.ts'

/** One block marked `vector`: the array that a body is, and the whole frame in bytes. */
export interface Vector {
  readonly name: string
  readonly line: number
  readonly array: readonly unknown[]
  readonly bytes: Buffer
}

/** One row of the table of frames. */
export interface FrameRow {
  readonly kind: number
  readonly name: string
  /** Fields after the kind. */
  readonly fieldCount: number
  /** Of them, those that may be left out. */
  readonly optionalCount: number
}

const path = new URL('../../PROTOCOL.md', import.meta.url)

export function readProtocol(): { readonly rows: readonly FrameRow[]; readonly vectors: readonly Vector[] } {
  const text = readFileSync(path, 'utf8')
  const rows = [...text.matchAll(/^\| 0x([0-9a-f]{2}) \| ([A-Z_]+) \|(.*)\| [^|]+ \|$/gm)].map(rowOf)
  const vectors = [...text.matchAll(/^```vector\n([\s\S]*?)^```$/gm)].map((match) => {
    return vectorOf(match[1] as string, text.slice(0, match.index).split('\n').length)
  })
  return { rows, vectors }
}

function rowOf([, kind, name, fields]: RegExpMatchArray): FrameRow {
  // Commas within [uint, uint] separate no fields.
  const flat = (fields as string).replace(/\[[^\]]*\]/g, '').trim()
  return {
    kind: Number.parseInt(kind as string, 16),
    name: name as string,
    fieldCount: flat === '' ? 0 : flat.split(',').length,
    optionalCount: flat.split(',').filter((field) => /\(left out where (there is none|it is 0)\)/.test(field)).length,
  }
}

function vectorOf(block: string, line: number): Vector {
  const [, name, array, hex] = /^name: (.+)\narray: (.+)\nhex: +([0-9a-f\s]+)$/.exec(block) ?? []
  if (name === undefined || array === undefined || hex === undefined) {
    throw new Error(`PROTOCOL.md, line ${line}: a vector has the lines name, array and hex, in this order`)
  }
  return { name, line, array: withBytes(JSON.parse(array)) as unknown[], bytes: fromHex(hex) }
}

/** `{"bin": "01 02"}` stands for bytes. */
function withBytes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withBytes)
  if (typeof value !== 'object' || value === null) return value
  const { bin } = value as { bin?: unknown }
  if (typeof bin === 'string') return new Uint8Array(fromHex(bin))
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withBytes(part)]))
}
