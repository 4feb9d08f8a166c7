// Reads what a client sends: `{"Name": {kwargs}}`, or a list of them. All of a message is of that shape, or none of it is
// acted upon.
import { type JsonFault, type JsonLimits, readJson } from '../json-text.ts'

/** An action to run, in lexicons' word. */
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
    return { fault: `the message has ${items.length} signals: send at most ${maxSignals} at once` }
  const signals: Signal[] = []
  for (const [index, item] of items.entries()) {
    const signal = signalOf(item)
    if (signal === undefined) {
      const where = Array.isArray(json.value) ? `item ${index} of the list` : 'the message'
      return { fault: `${where} is no signal: ${shape}` }
    }
    signals.push(signal)
  }
  return { signals }
}

function signalOf(item: unknown): Signal | undefined {
  if (!isObject(item)) return undefined
  const [entry, ...others] = Object.entries(item)
  if (entry === undefined || others.length > 0) return undefined
  const [name, data] = entry
  return isObject(data) ? { name, data } : undefined
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
