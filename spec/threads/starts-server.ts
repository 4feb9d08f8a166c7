// A module for program.spec.ts whose action runs in threads, and which starts a server whenever it is loaded.
import { isMainThread } from 'node:worker_threads'
import { Action, MemoryNetwork, Server } from '../../lib/index.ts'

let refusal: { readonly code: string; readonly message: string } | undefined

if (!isMainThread) {
  const server = new Server({ address: 'memory:inner', network: new MemoryNetwork() })
  await server.listen().catch((error: typeof refusal) => {
    refusal = error
  })
}

export class TellRefusal extends Action {
  static override threaded = import.meta.url

  action(): string | undefined {
    return refusal && `${refusal.code} ${refusal.message}`
  }
}
