// The data of a call: JSON from the command line, or from standard input, whole or line by line.
import { createInterface } from 'node:readline'
import { findJsonFault, pointAt } from '../core/base/json-fault.ts'
import { usageFailure } from './failure.ts'

export interface DataSource {
  /** JSON; '-' means standard input; undefined: no data. */
  readonly json: string | undefined
  /** Each line of standard input is one item of the action's input stream. */
  readonly isStreamed: boolean
}

/** @throws CommandFailure that shows where the text is not JSON. */
export async function readCallData({ json, isStreamed }: DataSource): Promise<unknown> {
  if (isStreamed) {
    if (json === undefined) return linesOfStdin()
    throw usageFailure('give either [json] or --stdin, not both')
  }
  if (json === undefined) return undefined
  if (json !== '-') return parseJson(json, '[json]')
  return parseJson(await textOfStdin(), 'standard input')
}

async function textOfStdin(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

async function* linesOfStdin(): AsyncGenerator<unknown> {
  let number = 0
  for await (const line of createInterface({ input: process.stdin })) {
    number++
    if (line.trim() !== '') yield parseJson(line, `line ${number} of standard input`)
  }
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const fault = findJsonFault(text)
    const where = fault === undefined ? (error as Error).message : pointAt(text, fault)
    const isBareWord = /^[^\s"{}[\],:]+$/.test(text)
    const hint = isBareWord ? `\n  a text needs quotes: '"${text}"'` : ''
    throw usageFailure(`${what} is not JSON: ${where}${hint}`)
  }
}
