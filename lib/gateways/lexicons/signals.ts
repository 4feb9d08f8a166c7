// Reads the messages of clients: `{"Name": {kwargs}}`, or a list of them. A message with any other shape in it is rejected as
// a whole.
import { isJsonObject, type JsonFault, type JsonLimits, readJson } from '../json-text.ts'

/** An action to run, in lexicons' terms. */
export interface Signal {
  readonly name: string
  readonly data: object
}

export type SignalMessage = { readonly signals: readonly Signal[] } | JsonFault

const shape = 'expected {"Name": {...}} or a list of such objects'

export function readSignals(text: string, maxSignals: number, limits?: JsonLimits): SignalMessage {
  const json = readJson(text, limits)
  if ('fault' in json) return { fault: `the message is ${json.fault}; ${shape}` }
  const items: readonly unknown[] = Array.isArray(json.value) ? json.value : [json.value]
  if (items.length > maxSignals)
    return { fault: `the message has ${items.length} signals; send at most ${maxSignals} in one message` }
  const signals: Signal[] = []
  for (const [index, item] of items.entries()) {
    const signal = signalOf(item)
    if (signal === undefined) {
      const where = Array.isArray(json.value) ? `item ${index} of the list` : 'the message'
      return { fault: `${where} is not a signal: ${shape}` }
    }
    signals.push(signal)
  }
  return { signals }
}

function signalOf(item: unknown): Signal | undefined {
  if (!isJsonObject(item)) return undefined
  const [entry, ...others] = Object.entries(item)
  if (entry === undefined || others.length > 0) return undefined
  const [name, data] = entry
  return isJsonObject(data) ? { name, data } : undefined
}

/** Some clients send text, others UTF-8 bytes; undefined for other bytes. */
export function textIn(bytes: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}
