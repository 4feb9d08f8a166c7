// Reads a daemon's answers and identifies them.
import { type DaemonEvent, isRecord } from './daemon-event.ts'
import { type ClientData, type RequestResultData, daemonEventTypes as types } from './event-types.ts'

/** The clients in a `daemon_clients`. Ignores anything else in it. */
export function clientsIn({ data }: DaemonEvent): ClientData[] {
  return Array.isArray(data) ? data.filter(isClientData) : []
}

/** Whether the event answers this request. */
export function isAnswerTo({ type, data }: DaemonEvent, method: string, endpoint: string): boolean {
  return (
    type === types.requestResult &&
    isResult(data) &&
    data.request.method === method &&
    data.request.endpoint === endpoint
  )
}

function isClientData(value: unknown): value is ClientData {
  return isRecord(value) && typeof value['path'] === 'string' && typeof value['pid'] === 'string'
}

function isResult(value: unknown): value is RequestResultData {
  if (!isRecord(value) || !isRecord(value['request'])) return false
  return (
    typeof value['status_code'] === 'number' && typeof value['status'] === 'string' && typeof value['data'] === 'string'
  )
}
